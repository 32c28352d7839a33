"""``mbh figures``."""

import json

import pytest

from mbh_utils import experiments
from mbh_utils.cli.figures import figures
from mbh_utils.computing import paths
from mbh_utils.workbook import provenance, runner
from mbh_utils.workbook.execution import Outcome

#: A cell that saves the one figure of a small chapter.
CELL = """figure, ax = plt.subplots()
chapter.save(figure, 'fig-1-1', alt='Empty axes.', caption='Nothing yet.', data=[])"""


def test_options_reach_the_runner(mbh, monkeypatch):
    seen = {}

    def run(*arguments, **options):
        seen.update(options, arguments=arguments)
        return runner.Report(paths.figures_folder("draft"), [Outcome("01_sparsity", "failed")])

    monkeypatch.setattr(runner, "run", run)
    line = "figures --profile draft --chapter 1 --chapter 2 --figure 6.3 --jobs 3 --seed 4 --force"
    status, _, _ = mbh(*line.split(), "-p", "coverage", "0.9", "-p", "name", "x")
    assert status == 1, "a failed chapter is a failed command"
    assert seen.pop("arguments") == ("draft", ("1", "2"), ("6.3",))
    seen.pop("echo")
    assert seen == {
        "jobs": 3,
        "seed": 4,
        "force": True,
        "parameters": {"coverage": 0.9, "name": "x"},
    }


def test_figures_of_a_small_workbook(mbh, small_workbook):
    small_workbook.add("01_good", CELL)
    status, out, _ = mbh("figures")
    assert status == 0
    assert "01_good: started" in out
    assert str(small_workbook.quick) in out
    manifest = json.loads((small_workbook.quick / "manifest.json").read_text())
    assert manifest["figures"]["fig-1-1"]["alt"] == "Empty axes."
    assert "up to date, nothing redone" in mbh("figures", "--figure", "1.1")[1]


@pytest.mark.parametrize(
    "words, told",
    [
        (("--seed", "-1"), "seed must be a whole number from 0 on"),
        (("--seed", "99999999999999999999"), "seed must be a whole number from 0 on"),
        (("-p", "profile", "nope"), "profile 'nope' is unknown"),
        (("-p", "seed", "-1"), "seed must be a whole number"),
        (("-p", "seed", "1.5"), "seed of all chapters must be of type int"),
        (("-p", "nope", "1"), "has no parameter 'nope'"),
        (("-p", "seed", "[" * 500), "seed of all chapters must be of type int"),
    ],
)
def test_ill_values_of_figures_change_nothing(mbh, small_workbook, words, told):
    small_workbook.add("01_good", CELL)
    (small_workbook.quick / "chapters").mkdir(parents=True)
    note = provenance.fragment_path(small_workbook.quick, "01_good")
    note.write_text('{"figures": {}}')
    status, out, err = mbh("figures", "--force", *words)
    assert status == (2 if words[0] == "--seed" else 1)
    assert out == "" and told in " ".join(err.split()) and "Traceback" not in err
    assert note.read_text() == '{"figures": {}}'
    assert len(list(small_workbook.quick.rglob("*"))) == 2, "the folder and the note in it"


def test_every_profile_is_in_the_help():
    (option,) = (param for param in figures.params if param.name == "profile")
    assert option.type.get_metavar(option) == f"[{'|'.join(experiments.PROFILES)}]"
