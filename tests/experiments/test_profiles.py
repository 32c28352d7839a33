"""How large everything is: the profiles."""

from mbh_utils.experiments import PROFILES
from mbh_utils.networks import DEEPFC, LENET, pruning
from mbh_utils.training import Recipe


def test_the_paper_profile_is_the_thesis_s():
    paper = PROFILES["paper"]
    assert (paper.digit, paper.fashion) == ("mnist", "fashion_mnist")
    assert (paper.iterations, paper.models, paper.planes) == (50_000, 5, 10)
    assert (
        paper.coverages == (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
        and paper.toy_iterations == 100_000
    )
    assert paper.recipe == Recipe(50_000, batch_size=60, learning_rate=1.2e-3)
    assert (paper.few_models, paper.few_planes, paper.ticket_models, paper.ticket_iterations) == (
        3,
        5,
        5,
        50_000,
    )
    assert paper.deep is DEEPFC and [h for h in paper.evolving.architectures] == [
        (144, 48),
        (67, 22),
        (31, 10),
        (14, 5),
    ]
    assert len(paper.family.setups(784)) == 14 and paper.family is LENET
    powers = [round(0.552**k, 4) for k in range(8)]
    assert {1.0, 0.552, 0.25, 0.30} <= set(paper.ticket_densities)
    assert all(
        min(abs(d - p) for p in [*powers, 0.25, 0.30]) < 5e-4 for d in paper.ticket_densities
    )


def test_the_quick_profile_needs_no_download_and_every_profile_has_14_set_ups():
    quick = PROFILES["quick"]
    assert (quick.digit, quick.fashion) == ("digits8", "digits8") and len(quick.setups) == 14
    assert quick.setup(10).hidden == (12, 4) and quick.setup(
        10
    ).parameters == pruning.dense_parameters(64, (12, 4))
    assert all(len(p.family.setups(784)) == 14 for p in PROFILES.values())
