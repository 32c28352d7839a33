"""The README keeps its word: its code runs, its links and pictures exist."""

import re

import pandas as pd
import pytest
from scipy.stats import spearmanr

from mbh_utils import claims, experiments
from mbh_utils.computing import paths
from mbh_utils.workbook import chapters, verdicts
from mbh_utils.workbook.lens_sentences import is_clear, of_pair

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


@pytest.fixture(scope="module")
def grid():
    return pd.read_parquet(experiments.results_file("grid", "paper"))


def means(grid, domain="square", trained=True):
    """Means of the networks of Fashion-MNIST by set-up."""
    networks = experiments.per_network(grid, 0.8, domain)
    here = (networks["trained"] == trained) & (networks["dataset"] == "fashion_mnist")
    return networks[here].groupby("setup")[["accuracy", "s", "n_regions"]].mean()


def written(pattern: str) -> tuple[str, ...]:
    """The numbers that a sentence of the README has where the pattern has groups."""
    found = re.search(pattern.replace(" ", r"\s+"), README, flags=re.DOTALL)
    assert found, f"the README has no sentence like {pattern}"
    return found.groups()


def share(s: float) -> str:
    """The share of the space that an outline takes, in whole percent."""
    return f"{100 * (1 - s):.0f}"


def test_the_table_has_the_numbers_of_the_committed_tables(grid):
    fashion = means(grid)
    rows = re.findall(
        r"^\| #(\d+),.*\| ([\d.]+) % \|[^|]*\| ([\d.]+) \| ([\d,]+) \|$", README, flags=re.MULTILINE
    )
    assert [int(setup) for setup, *_ in rows] == [14, 10, 7, 1]
    for setup, *numbers in rows:
        accuracy, s, regions = fashion.loc[int(setup)]
        assert numbers == [f"{100 * accuracy:.1f}", f"{s:.2f}", f"{regions:,.0f}"], setup


def test_the_answer_has_the_numbers_of_the_committed_tables(grid):
    after, before = means(grid), means(grid, trained=False)
    sparse, dense = after.loc[7], after.loc[10]
    accuracies = written(r"classifies ([\d.]+) % of .*? images correctly and .*? ([\d.]+) %")
    assert accuracies == tuple(f"{100 * each['accuracy']:.1f}" for each in (sparse, dense))
    outlines = written(r"a class takes (\d+) % of what .*? dense one (\d+) %")
    assert outlines == (share(sparse["s"]), share(dense["s"]))
    untrained = before["s"].loc[7], before["s"].loc[10]
    assert written(r"the two take (\d+) % and (\d+) %") == tuple(map(share, untrained))
    leads = [100 * (s.loc[7] - s.loc[10]) for s in (after["s"], before["s"])]
    assert written(r"leaves a lead of (\d+) points where it found one of (\d+)") == tuple(
        f"{lead:.0f}" for lead in leads
    )
    assert leads[1] > leads[0], "the lead is there before training, and larger"


def test_what_speaks_for_the_claim_is_in_the_committed_tables(grid):
    networks = experiments.per_network(grid, 0.8).query("trained")
    levels = networks[networks["parameters"] < networks["parameters"].max()].groupby(
        ["dataset", "parameters"]
    )
    trend = levels[["n_hidden", "s"]].apply(
        lambda rows: spearmanr(rows["n_hidden"], rows["s"]).statistic
    )
    odd, *others = sorted(trend)
    assert len(trend) == 8 and trend.idxmin() == ("fashion_mnist", 83_572)
    numbers = written(r"lies between (\d\.\d+) and (\d\.\d+) on .*? has a .*? of (-\d\.\d+):")
    assert numbers == tuple(f"{t:.2f}" for t in (others[0], others[-1], odd))
    fashion = means(grid)
    assert fashion["s"].loc[2] <= fashion["s"].loc[3], "400 neurons add nothing to 136"


def test_what_speaks_against_the_claim_is_in_the_committed_tables(grid):
    correlations = verdicts.rank_correlations(grid).xs("square", level=1)
    sentences = re.findall(
        r"On (\S+) (?:the rank.{0,40}? is|it is) before training ([-\d.]+), after ([-\d.]+), "
        r"of the gain (-?\d\.\d+)",
        " ".join(README.split()),
    )
    assert [title for title, *_ in sentences] == ["Fashion-MNIST", "MNIST"]
    for title, *numbers in sentences:
        row = correlations.loc[title, ["before training", "after training", "gain"]]
        assert numbers == [f"{value:.2f}" for value in row], title


def test_what_is_said_of_the_input_box_is_in_the_committed_tables(grid):
    box, square = means(grid, domain="box"), means(grid)
    assert (box["s"] < square["s"]).sum() > 10, "mostly lower"
    assert written(r"#7 has ([\d.]+) there, #10 ([\d.]+)\)") == tuple(
        f"{box['s'].loc[setup]:.2f}" for setup in (7, 10)
    )


def test_the_claims_are_counted_as_the_committed_ledger_counts_them():
    counts = re.findall(r"(\d+) of (\d+) claims\s+reproduced", README)
    assert len(counts) == 2 and len(set(counts)) == 1, "once in the answer, once in the results"
    ledger = verdicts.committed()
    if ledger is None:
        pytest.skip("figures/paper/claims.csv is not there: mbh claims --profile paper writes it")
    told = claims.summary(ledger)
    assert told.startswith(f"{counts[0][0]} of {counts[0][1]} claims reproduced")
    same, failed, open_ones = written(
        r"reproduced, (\d+) in the same direction \(.*?\), (\d+) not reproduced; (\d+) more could"
    )
    assert f", {same} in the same direction, {failed} not reproduced; {open_ones} more" in told


def test_what_other_lenses_see_is_in_the_committed_table():
    table = pd.read_parquet(experiments.results_file("lenses", "paper"))
    measures = list(experiments.lens_measures(table))
    fixed = experiments.associations(table, measures, within="dataset", partial="n_hidden")
    with_s = {name: of_pair(fixed, name, "s_square") for name in measures if name != "s_square"}
    told = written(
        r"\(rank correlation (-[\d.]+) within .*?\), .*? \(([\d.]+), groups of .*? \(([\d.]+)\), "
        r".*? \(([\d.]+)\); how"
    )
    names = ("others", "information", "accuracy", "importance")
    assert told == tuple(f"{with_s[name]['rho']:.2f}" for name in names)
    assert all(is_clear(with_s[name]) for name in names)
    assert not any(is_clear(with_s[name]) for name in ("class_range", "nnstd_over_null"))
    wide = table[table["n_hidden"] == table["n_hidden"].max()].groupby("density")["ncut_z_mask"]
    assert (wide.mean().iloc[:-1] > -0.5).all() and wide.mean().iloc[-1] < -5


def test_claims_of_papers_are_counted_as_the_committed_ledger_counts_them():
    counts = verdicts.by_source().drop(columns="not judgeable")
    for words, source in {
        r"(\d+) of (\d+) statements \(Hod": claims.LOCAL,
        r"(\d+) of (\d+) \(Liu": claims.TOPOLOGY,
        r"(\d+) of (\d+) \(Hartmann": claims.EVOLUTION,
    }.items():
        row = counts.loc[source]
        assert written(words) == (str(row["reproduced"]), str(row.sum()))


def test_executed_chapters_come_first_and_all_are_linked():
    for chapter in chapters.CHAPTERS:
        executed = README.index(f"figures/paper/chapters/{chapter.name}.ipynb")
        assert executed < README.index(f"notebooks/{chapter.name}.ipynb")


def test_answer_results_chapters_come_before_running_and_clusters_last():
    order = ("The answer", "Results", "The chapters", "Running it", "Many machines")
    places = [README.index(words) for words in order]
    assert places == sorted(places)


def test_what_s_measures_is_as_in_the_committed_tables(grid):
    remarks = verdicts.committed(claims.OURS).set_index("id")["remark"]
    in_square = {id: remark.split("In the input box")[0] for id, remark in remarks.items()}
    (lag,) = re.findall(r"Fashion-MNIST, 4 candidates (-0\.\d+) \[", in_square["CN-3"])
    candidates, lead, lag_told = written(
        r"equally many neurons \((\d+), drawn at random\)"
        r".*?lead of (\d+) points turns into a lag of (\d+)"
    )
    after = means(grid)["s"]
    assert candidates == "4" and lead == f"{100 * (after.loc[7] - after.loc[10]):.0f}"
    assert lag_told == f"{-100 * float(lag):.0f}"
    above = re.findall(r"MNIST (\+0\.\d+) \[", in_square["BL-1"])
    assert {f"{float(value):.2f}" for value in above} == set(
        written(r"than random images \(by (0\.\d+)")
    )
    ranks = [float(rank) for rank in re.findall(r"(?:square|box) (0\.\d+) \[", remarks["HV-1"])]
    assert written(r"rank correlations of (0\.\d+) to (0\.\d+)\)") == tuple(
        f"{rank:.2f}" for rank in (min(ranks), max(ranks))
    )
