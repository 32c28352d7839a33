"""pyproject.toml, constraints.txt and environment.yml name the same packages.

The Makefile installs by them.
"""

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from mbh_utils import __version__
from mbh_utils.computing import paths

ROOT = paths.PROJECT
#: Packages that conda-forge calls by another name.
CONDA_NAMES = {"pytorch": "torch"}
#: Name of a package -> name it is imported by, where they differ.
IMPORTED_AS = {
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
    "import-linter": "importlinter",
    "pandas-stubs": "pandas-stubs",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines):
    """Canonical name -> version specifier."""
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in parsed}


DIRECT = requirements(PROJECT["dependencies"])
CLUSTER = requirements(PROJECT["optional-dependencies"]["cluster"])
OPTIONAL = {
    k: v
    for extra in PROJECT["optional-dependencies"].values()
    for k, v in requirements(extra).items()
}
#: What `make lint` and `make docs` install when they are first called.
TOOLS = requirements(
    line for extra in ("lint", "docs") for line in PROJECT["optional-dependencies"][extra]
)
PINS = requirements(
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)


def conda():
    """Canonical name -> specifier of environment.yml, and the comment behind each.

    The pip section is included.
    """
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lines = [d for d in listed if isinstance(d, str)] + next(
        d["pip"] for d in listed if isinstance(d, dict)
    )
    found = {}
    for line in lines:
        if line not in ("pip", "-e ."):
            name, specifier = re.fullmatch(r"([\w-]+)(.*)", line).groups()
            found[CONDA_NAMES.get(name, name)] = SpecifierSet(specifier)
    return found


def test_environment_and_project_name_the_same_packages():
    assert set(conda()) - {"python"} == set(DIRECT) | set(OPTIONAL)


def test_environment_and_project_agree_on_versions():
    ranges = {**DIRECT, **OPTIONAL, "python": SpecifierSet(PROJECT["requires-python"])}
    assert conda() == ranges


@pytest.mark.parametrize("name", sorted({**DIRECT, **OPTIONAL}))
def test_pins_lie_in_the_ranges(name):
    pin = str(PINS[name])
    assert pin.startswith("==") and pin[2:] in {**DIRECT, **OPTIONAL}[name]


def requirements_of(name: str) -> list[str]:
    """What an installed package needs; tools are installed by `make lint` and `make docs` only."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        if name not in TOOLS:
            raise
        return []


def test_pins_are_complete_exact_and_for_any_build():
    assert all(re.fullmatch(r"==[\w.]+", str(specifier)) for specifier in PINS.values())
    needed = {*DIRECT, *OPTIONAL}
    todo = list(needed)
    while todo:  # everything that what is installed needs, as far as it is installed itself
        for line in requirements_of(todo.pop()):
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            # setuptools comes with the Python, the others with a build of torch for CUDA.
            if name not in needed and not name.startswith(
                ("setuptools", "nvidia-", "triton", "cuda-")
            ):
                needed.add(name)
                todo.append(name)
    missing = ", ".join(sorted(needed - set(PINS)))
    assert not missing, f"missing in constraints.txt: {missing}"


def test_what_is_installed_is_what_is_pinned():
    installed = {
        name: metadata.version(name).split("+")[0]
        for name in {*DIRECT, *OPTIONAL}
        if name not in TOOLS or importlib.util.find_spec(IMPORTED_AS.get(name, name))
    }
    differing = {name: version for name, version in installed.items() if version not in PINS[name]}
    assert not differing, f"not the tested set (run make again): {differing}"


def code_of_package_and_chapters():
    """Source text of every module, and of the code cells of every chapter."""
    yield from (path.read_text() for path in ROOT.glob("mbh_utils/**/*.py"))
    for path in ROOT.glob("notebooks/*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        yield "\n".join(
            c.source for c in cells if c.cell_type == "code" and "%" not in c.source[:1]
        )


def test_every_import_is_declared_and_every_package_used():
    """What mbh_utils and the chapters import is a direct dependency (or of the cluster).

    And no dependency is for nothing.
    """
    imported = set()
    for source in code_of_package_and_chapters():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "importlib.import_module"
                and node.args
            ):
                imported |= {
                    a.value.split(".")[0] for a in node.args if isinstance(a, ast.Constant)
                }
    imported -= set(sys.stdlib_module_names) | {"mbh_utils"}
    names = {IMPORTED_AS.get(name, name) for name in DIRECT | CLUSTER}
    come_along = {
        "IPython",
        "jupyter_client",
        "zmq",
        "PIL",
        "llvmlite",
    }  # parts of Jupyter, matplotlib and numba
    assert imported <= names | come_along, "undeclared: " + ", ".join(
        sorted(imported - names - come_along)
    )
    used_otherwise = {"jupyterlab", "nbconvert", "pyarrow"}  # commands, and pandas's way to parquet
    assert names - imported <= used_otherwise, "unused: " + ", ".join(
        sorted(names - imported - used_otherwise)
    )


def test_the_tests_have_what_a_cluster_needs():
    test = requirements(PROJECT["optional-dependencies"]["test"])
    assert CLUSTER.items() <= test.items() and set(CLUSTER) == {"dask", "distributed"}


def test_each_conda_package_says_what_uses_it():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    packages = [
        line for line in lines if re.match(r"\s+- [a-z][\w-]*>=", line) and "- python>=" not in line
    ]
    assert len(packages) == len({**DIRECT, **OPTIONAL})
    assert not [line for line in packages if "#" not in line]


def test_version_and_command_are_those_of_the_package():
    assert metadata.version("mbh_utils") == __version__
    scripts = {
        e.name: e.value for e in metadata.entry_points(group="console_scripts") if e.name == "mbh"
    }
    assert scripts == {"mbh": "mbh_utils.cli:main"} == PROJECT["scripts"]


def test_license_and_citation():
    assert PROJECT["license"] == "MIT" and "The mbh_utils authors" in (ROOT / "LICENSE").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__ and citation["license"] == "MIT"
    thesis = citation["references"][0]
    assert (
        thesis["title"]
        == "Network Specialization to Explain the Performance of Sparse Neural Networks"
    )
    assert thesis["authors"][0]["family-names"] == "Hätönen" and thesis["year"] == 2020


def make(*words, cwd, **variables):
    return subprocess.run(
        ["make", *words, *(f"{k}={v}" for k, v in variables.items())],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_make_says_what_it_offers():
    told = make(cwd=ROOT).stdout
    assert "make figures" in told and "make test" in told and "make lab" in told


def test_make_refuses_an_old_python(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make("figures", cwd=tmp_path, PYTHON=old)
    assert done.returncode != 0 and "is no Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_installs_once(tmp_path):
    """Pins first, then nothing more to do.

    A stand-in for the venv's python notes what it is called with.
    """
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "mbh"):
        (binaries / name).write_text(f'#!/bin/sh\necho {name} "$@" >> calls\n')
        (binaries / name).chmod(0o755)
    done = make("figures", cwd=tmp_path, PROFILE="draft", CHAPTERS="01 02", FORCE=1)
    assert done.returncode == 0, done.stderr
    torch_pin = f"torch{PINS['torch']}"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"python -m pip install -qq -c constraints.txt {torch_pin}",
        "python -m pip install -qq -c constraints.txt -e .[test,dev]",
        "mbh figures --profile draft --chapter 01 --chapter 02 --force",
    ]
    (tmp_path / "calls").unlink()
    assert make("figures", cwd=tmp_path).returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == ["mbh figures --profile quick"]
    (tmp_path / "constraints.txt").touch()
    assert make("figures", cwd=tmp_path).returncode == 0
    assert len((tmp_path / "calls").read_text().splitlines()) == 4
