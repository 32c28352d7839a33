"""The README keeps its word: its code runs, its links and pictures exist."""

import re

import nbformat
import pytest

from mbh_utils import paths

README = (paths.PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_the_code_runs_and_prints_a_specialization(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert 0 <= float(capsys.readouterr().out.splitlines()[-1]) <= 1


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    missing = [target for target in targets if "://" not in target and not (paths.PROJECT / target).exists()]
    assert len(targets) >= 10 and not missing


def test_pictures_have_alt_texts():
    assert all(len(alt) > 20 for alt in re.findall(r"!\[([^\]]*)\]", README) + re.findall(r'alt="([^"]*)"', README))
    assert len(re.findall(r"<img ", README)) == len(re.findall(r"<img [^>]*alt=", README))


def test_the_commands_are_those_of_the_makefile():
    targets = re.findall(r"^(\w+):", (paths.PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {"figures", "test", "lab"} <= set(targets) and {"make figures", "make test", "make lab"} <= set(
        re.findall(r"make \w+", README)
    )


def test_the_numbers_are_those_of_the_executed_chapter():
    chapter = nbformat.read(paths.PROJECT / "figures/draft/chapters/05_experiments.ipynb", as_version=4)
    outputs = [output for cell in chapter.cells for output in cell.get("outputs", [])]
    text = "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    rows = re.findall(r"^\| #(\d+),.*\| ([\d.]+) % \|[^|]*\| ([\d.]+) \| ([\d,]+) \|$", README, flags=re.MULTILINE)
    assert len(rows) == 4
    for setup, accuracy, s, regions in rows:
        assert re.search(rf"^{setup} +{accuracy} +{s} +{regions.replace(',', '')}\.0 ", text, flags=re.MULTILINE), setup
    least, most = re.search(r"lies between (\d\.\d+) and (\d\.\d+)", README).groups()
    trend = [
        float(line.split()[-2]) for line in text.splitlines() if re.match(r"(\w*mnist)? +\d+ +\d+\.0 +[\d.]+ ", line)
    ]
    assert len(trend) == 8 and (min(trend), max(trend)) == pytest.approx((float(least), float(most)), abs=0.005)
