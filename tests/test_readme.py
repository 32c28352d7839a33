"""The README keeps its word: its code runs, its links and pictures exist."""

import re

import nbformat
import pandas as pd
import pytest
from scipy.stats import spearmanr

from mbh_utils import experiments
from mbh_utils.computing import paths

README = (paths.PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_the_code_runs_and_prints_a_specialization(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert 0 <= float(capsys.readouterr().out.splitlines()[-1]) <= 1


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    missing = [
        target
        for target in targets
        if "://" not in target and not (paths.PROJECT / target).exists()
    ]
    assert len(targets) >= 10 and not missing


def test_pictures_have_alt_texts():
    assert all(
        len(alt) > 20
        for alt in re.findall(r"!\[([^\]]*)\]", README) + re.findall(r'alt="([^"]*)"', README)
    )
    assert len(re.findall(r"<img ", README)) == len(re.findall(r"<img [^>]*alt=", README))


def test_the_commands_are_those_of_the_makefile():
    targets = re.findall(r"^(\w+):", (paths.PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {"figures", "test", "lab"} <= set(targets) and {
        "make figures",
        "make test",
        "make lab",
    } <= set(re.findall(r"make \w+", README))


def test_the_numbers_are_those_of_the_committed_tables():
    grid = pd.read_parquet(paths.results_folder("paper") / "grid.parquet")
    networks = experiments.per_network(grid, 0.8).query("trained")
    fashion = (
        networks[networks["dataset"] == "fashion_mnist"]
        .groupby("setup")[["accuracy", "s", "n_regions"]]
        .mean()
    )
    rows = re.findall(
        r"^\| #(\d+),.*\| ([\d.]+) % \|[^|]*\| ([\d.]+) \| ([\d,]+) \|$", README, flags=re.MULTILINE
    )
    assert len(rows) == 4
    for setup, *written in rows:
        accuracy, s, regions = fashion.loc[int(setup)]
        assert written == [f"{100 * accuracy:.1f}", f"{s:.2f}", f"{regions:,.0f}"], setup
    levels = networks[networks["parameters"] < networks["parameters"].max()].groupby(
        ["dataset", "parameters"]
    )
    trend = levels[["n_hidden", "s"]].apply(
        lambda rows: spearmanr(rows["n_hidden"], rows["s"]).statistic
    )
    written = re.search(
        r"lies\s+between (\d\.\d+) and (\d\.\d+) .* but one\..*?correlation of (-\d\.\d+)\)",
        README,
        flags=re.DOTALL,
    )
    odd, *others = sorted(trend)
    assert len(trend) == 8 and trend.idxmin() == ("fashion_mnist", 83_572)
    assert tuple(f"{t:.2f}" for t in (others[0], others[-1], odd)) == written.groups()


def printed_by(chapter: str) -> str:
    """What the committed copy of a chapter printed."""
    path = paths.PROJECT / "figures" / "paper" / "chapters" / f"{chapter}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    outputs = [o for cell in cells if cell.cell_type == "code" for o in cell.outputs]
    return "".join(o.text for o in outputs if o.output_type == "stream")


def test_the_numbers_below_the_lead_picture_are_those_that_chapter_4_printed():
    printed = printed_by("04_mbh")
    lead = README.partition("## Two commands")[0]
    counts = r"above \((\S+) regions\), sparse below\s+\((\S+)\)"
    dense, sparse = re.search(counts, lead).groups()
    assert f"#10: {dense} regions" in printed and f"#7: {sparse} regions" in printed
    shares = r"([\d.]+) % of the\s+square above and ([\d.]+) % below"
    above, below = re.search(shares, lead).groups()
    assert f"here: #10 {above}%, #7 {below}%," in printed
    assert "#7 is more specialized than #10 on 10 of 10 planes" in printed


def test_what_speaks_against_the_claim_is_what_chapter_5_printed():
    words = r"before training ([-\d.]+), after ([-\d.]+), of the gain ([-\d.]+)"
    found = re.search(words, " ".join(README.split())).groups()
    printed = printed_by("05_experiments")
    names = ("s before training", "s after training", "the change")
    for what, number in zip(names, found, strict=True):
        assert f"rank correlation of N with {what}: {number}\n" in printed
