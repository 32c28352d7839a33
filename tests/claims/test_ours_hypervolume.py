"""Claims of blankets in all dimensions, on made-up tables."""

import numpy as np
import pandas as pd
import pytest
from made_up import DOMAINS, crossed, networks, verdict


def tables(sign: int) -> dict[str, pd.DataFrame]:
    """s rises with the set-up's neurons and with the class; shares go with it, or against it."""
    rng = np.random.default_rng(0)
    found = crossed(networks(models=1), **{"class": range(10)})
    s = 0.2 + 0.0005 * found["n_hidden"] + 0.04 * found["class"]
    s += 0.002 * rng.standard_normal(len(found))
    cube = found.assign(coverage=0.8, log10_share=-10 * sign * s - 12, log10_high=0.0)
    cube = pd.concat([cube.assign(reference=name) for name in ("uniform", "marginals")])
    grid = crossed(found.assign(coverage=0.8, s=s), plane=range(2))
    grid = pd.concat([grid.assign(domain=name, margin=margin) for name, margin in DOMAINS])
    return {"hypervolumes": cube, "grid": grid}


@pytest.mark.parametrize("name", ["HV-1", "HV-2", "HV-3", "HV-4"])
def test_a_claim_of_hypervolumes_follows_the_shares(name):
    assert verdict(name, **tables(1)) == "reproduced"
    assert verdict(name, **tables(-1)) == "not reproduced"
