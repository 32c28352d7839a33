"""Machines without a home folder or with a read-only package; and what compiled code is made of."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mbh_utils.computing import home as _home
from mbh_utils.computing import native as _native
from mbh_utils.computing import paths

#: Computes, draws and says where compiled code went, and what it has told the libraries.
EVERYTHING = """
import os
import mbh_utils as mbh
from mbh_utils.computing import native as _native
rng = __import__("numpy").random.default_rng(0)
layers = [(rng.standard_normal((9, 2)), rng.standard_normal(9))]
regions = mbh.partition_input_space(layers, mbh.Plane.rectangle([-1, -1], [1, 1]))
import matplotlib.pyplot as plt
plt.subplots()[0].savefig(os.devnull, format="png")
import IPython
IPython.paths.get_ipython_dir()
told = [os.environ.get(name) for name in ("MPLCONFIGDIR", "IPYTHONDIR")]
print(mbh.__file__, len(regions), _native.folder(), *told, sep="|")
"""


@pytest.fixture(scope="module")
def read_only(tmp_path_factory):
    """A copy of the package beside which nothing can be written, not even by root."""
    folder = tmp_path_factory.mktemp("read only")
    package = folder / "mbh_utils"
    shutil.copytree(
        paths.PROJECT / "mbh_utils", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "__pycache__").write_text("a file where the folder would be")
    return folder


def run(code: str, package: Path, cwd: Path, **environment) -> str:
    """What a script prints in a process of this environment alone; nothing may come on stderr."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
    environment = {
        **kept,
        "PYTHONPATH": str(package),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.strip()


def test_everything_works_where_nothing_but_temporary_files_may_be_written(read_only, tmp_path):
    told = run(EVERYTHING, read_only, tmp_path, HOME="/dev/null", TMPDIR=str(tmp_path))
    file, regions, native, matplotlib, ipython = told.split("|")
    assert Path(file).is_relative_to(read_only) and int(regions) > 9
    private = tmp_path / f"mbh_utils-{os.getuid()}"
    assert [Path(native), Path(matplotlib), Path(ipython)] == [
        private / "native", private / "mplconfig", private / "ipython"
    ]  # fmt: skip
    assert private.stat().st_mode & 0o777 == 0o700 and list(private.rglob("*.nbi"))


def test_a_home_folder_takes_the_compiled_code_of_a_package_that_is_read_only(read_only, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    told = run(EVERYTHING, read_only, tmp_path, HOME=str(home), TMPDIR=str(tmp_path)).split("|")
    assert told[2:] == [str(home / ".cache" / "mbh_utils"), "None", "None"]
    assert list(home.rglob("*.nbi")) and not list(tmp_path.glob("mbh_utils-*"))


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nothing", "", "relative"])
def test_nothing_is_set_where_there_is_a_home_folder(tmp_path, monkeypatch, home):
    names = ["MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"]
    for name in [*names, "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    _home.settle()
    assert not set(names) & set(os.environ) and list(tmp_path.iterdir()) == []
    # Without one, what somebody has set stays.
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("MPLCONFIGDIR", "/somewhere")
    _home.settle()
    assert os.environ["MPLCONFIGDIR"] == "/somewhere" and os.environ["IPYTHONDIR"].startswith(
        str(tmp_path)
    )
    for name in names[1:]:
        assert Path(os.environ[name]).is_dir()
        monkeypatch.delenv(name)


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
def test_a_folder_of_somebody_else_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = _home.private_folder()
    assert mine == tmp_path / f"mbh_utils-{os.getuid()}" and mine == _home.private_folder()
    planted = tmp_path / "planted"
    planted.mkdir()

    def open_to_others():
        mine.mkdir()
        mine.chmod(0o777)

    for take_its_place in (open_to_others, lambda: mine.symlink_to(planted), mine.touch):
        if mine.is_dir() and not mine.is_symlink():
            mine.rmdir()
        else:
            mine.unlink(missing_ok=True)
        take_its_place()
        assert _home.private_folder() != mine
    shutil.rmtree(f"/dev/shm/{mine.name}", ignore_errors=True)


# ---------------------------------------------------------------------------------- compiled code


@pytest.fixture
def chosen(monkeypatch):
    """The choice of a folder, made anew."""
    _native.folder.cache_clear()
    yield _native.folder
    _native.folder.cache_clear()


def test_the_first_folder_that_can_be_written_is_taken(chosen, tmp_path, monkeypatch):
    (tmp_path / "mbh_utils").mkdir()
    monkeypatch.setattr(_native, "_PACKAGE", tmp_path / "mbh_utils")
    monkeypatch.setattr(_native.config, "CACHE_DIR", str(tmp_path / "named"))
    assert chosen() == tmp_path / "named"
    chosen.cache_clear()
    monkeypatch.setattr(_native.config, "CACHE_DIR", "/dev/null/named")
    assert chosen() == tmp_path / "mbh_utils" / "__pycache__"
    chosen.cache_clear()
    monkeypatch.setattr(_native, "_PACKAGE", Path("/dev/null"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert chosen() == tmp_path / "cache" / "mbh_utils"
    chosen.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert chosen() == tmp_path / f"mbh_utils-{os.getuid()}" / "native"


def double(x):
    return x + x


def test_without_any_folder_code_is_compiled_in_memory(chosen, monkeypatch):
    monkeypatch.setattr(_native, "_candidates", lambda: iter([Path("/dev/null/x")]))
    assert chosen() is None and _native.cached()(double)(3) == 6


def test_a_full_disk_or_damaged_files_end_no_call(chosen, tmp_path, monkeypatch):
    monkeypatch.setattr(_native, "_candidates", lambda: iter([tmp_path]))
    assert _native.cached()(double)(3) == 6
    files = sorted(path for path in tmp_path.rglob("*.nb?"))
    assert [path.suffix for path in files] == [".nbc", ".nbi"]
    for harmed in ([files[0]], [files[1]], files):
        for path in harmed:
            path.write_bytes(path.read_bytes()[:40])
        assert _native.cached()(double)(3) == 6
        again = _native.cached()(double)
        assert again(3) == 6 and sum(again.stats.cache_hits.values()) == 1, (
            "what was damaged has been replaced"
        )
    before = _native.cached()(double)
    shutil.rmtree(tmp_path)
    tmp_path.write_text("the folder is gone")
    assert before(3) == 6


def test_a_digest_is_of_all_files_that_code_is_made_of(tmp_path, monkeypatch):
    package = tmp_path / "mbh_utils"
    package.mkdir()
    monkeypatch.setattr(_native, "_PACKAGE", package)
    (package / "a.py").write_text("from mbh_utils.b import x\nfrom numpy import y\n")
    (package / "b.py").write_text(
        "x = 1\ndef f():\n    from mbh_utils import c\n    import mbh_utils.d\n"
    )
    for name in "cde":
        (package / f"{name}.py").write_text("value = 1\n")

    def digest():
        _native.digest.cache_clear()
        return _native.digest(package / "a.py")

    first = digest()
    for name, part in (("a", True), ("b", True), ("c", True), ("d", True), ("e", False)):
        path = package / f"{name}.py"
        text = path.read_text()
        path.write_text(text + "# changed\n")
        assert (digest() != first) == part, name
        path.write_text(text)
    assert digest() == first


#: A kernel that is split over folders, and what each of its files imports.
SPLIT = {
    "__init__.py": "from mbh_utils import other\nname = 1\n",
    "other.py": "",
    "kernel.py": "from mbh_utils.rooms.inner import parts, sizes\nimport mbh_utils.rooms.plain\n",
    "rooms/__init__.py": "",
    "rooms/plain.py": "",
    "rooms/unused.py": "",
    "rooms/inner/__init__.py": "from mbh_utils.rooms.inner.sizes_of import sizes\n",
    "rooms/inner/sizes_of.py": "sizes = 1\n",
    "rooms/inner/parts.py": (
        "from . import near\nfrom ..beside import far\nfrom .deep.below import x\n"
    ),
    "rooms/inner/near.py": "def f():\n    from mbh_utils.rooms.inner import late\n",
    "rooms/inner/late.py": "",
    "rooms/inner/unused.py": "",
    "rooms/inner/deep/__init__.py": "",
    "rooms/inner/deep/below.py": "x = 1\n",
    "rooms/beside.py": "far = 1\n",
}


def test_a_digest_follows_imports_through_folders(tmp_path, monkeypatch):
    package = tmp_path / "mbh_utils"
    monkeypatch.setattr(_native, "_PACKAGE", package)
    for name, text in SPLIT.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)

    def digest():
        _native.digest.cache_clear()
        return _native.digest(package / "kernel.py")

    first = digest()
    unused = {"__init__.py", "other.py", "rooms/unused.py", "rooms/inner/unused.py"}
    for name, text in SPLIT.items():
        (package / name).write_text(text + "# changed\n")
        assert (digest() != first) == (name not in unused), name
        (package / name).write_text(text)
    assert digest() == first
    # A name that the whole package has itself is code of the kernel, and so is what stands around
    # it.
    (package / "kernel.py").write_text("from mbh_utils import name\n")
    first = digest()
    for name in ("__init__.py", "other.py"):
        (package / name).write_text(SPLIT[name] + "# changed\n")
        assert digest() != first, name
        (package / name).write_text(SPLIT[name])


def test_every_file_of_a_kernel_names_the_folder_of_its_compiled_code(tmp_path, monkeypatch):
    package = tmp_path / "mbh_utils"
    shutil.copytree(
        paths.PROJECT / "mbh_utils", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(_native, "_PACKAGE", package)
    kernel = package / "regions" / "kernel"

    def digest(file):
        _native.digest.cache_clear()
        return _native.digest(file)

    shared = [package / "computing" / name for name in ("lanes.py", "addresses.py")]
    steps = ("layout", "signs", "maps", "deciding", "cutting", "writing")
    of_partition = [kernel / f"{name}.py" for name in steps]
    kernels = {
        kernel / "descent.py": [*of_partition, *shared],
        package / "training" / "kernel.py": shared,
    }
    for start, files in kernels.items():
        first = digest(start)
        for file in files:
            text = file.read_text()
            file.write_text(text + "# changed\n")
            assert digest(start) != first, file.name
            file.write_text(text)
        file = package / "networks" / "network.py"  # no part of any kernel
        file.write_text(file.read_text() + "# changed\n")
        assert digest(start) == first


def test_a_change_of_a_helper_in_another_file_is_compiled_even_if_its_file_seems_unchanged(
    tmp_path,
):
    package = tmp_path / "mbh_utils"
    (package / "computing").mkdir(parents=True)
    for name in ("__init__.py", "home.py", "native.py"):
        shutil.copy(paths.PROJECT / "mbh_utils" / "computing" / name, package / "computing")
    (package / "__init__.py").write_text("")
    helper = package / "helper.py"
    imports = "from mbh_utils.computing.native import cached\nfrom mbh_utils.helper import add\n"
    (package / "kernel.py").write_text(imports + "@cached()\ndef f(x):\n    return add(x)\n")
    code = "from mbh_utils.kernel import f\nprint(f(1), sum(f.stats.cache_hits.values()))"
    seen = []
    for plus in (1, 1, 2):
        helper.write_text(f"from numba import njit\n@njit\ndef add(x):\n    return x + {plus}\n")
        os.utime(helper, (1e9, 1e9))
        seen.append(run(code, tmp_path, tmp_path, HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE="1"))
    assert seen == ["2 0", "2 1", "3 0"], "compiled, taken from the disk, compiled again"


def test_all_kernels_that_are_kept_are_kept_so():
    for path in (paths.PROJECT / "mbh_utils").rglob("*.py"):
        assert "cache=True" not in path.read_text(), (
            f"{path.name}: use mbh_utils.computing.native.cached, which sees other files too"
        )
