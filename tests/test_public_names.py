"""The package's public names: found on first use, listed by dir(), and known to editors.

``python tests/test_public_names.py`` writes the stub for editors anew, after a public name was
added, moved or removed.
"""

import ast
import importlib
from pathlib import Path

import pytest

import mbh_utils as mbh

STUB = Path(mbh.__file__).with_suffix(".pyi")


def import_line(name: str) -> str:
    """The plain import that gives a public name."""
    if name in mbh._MODULES:
        room, _, module = f"mbh_utils.{mbh._MODULES[name]}".rpartition(".")
        return f"from {room} import {module} as {name}"
    module, _, attribute = mbh._PUBLIC[name].partition(":")
    return f"from mbh_utils.{module} import {attribute or name} as {name}"


def in_order(line: str) -> tuple[str, int, str]:
    """What ruff sorts imports by: module, constants before classes before functions, name."""
    _, module, _, name, *_ = line.split()
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return module, kind, name


def stub() -> str:
    """What ``mbh_utils/__init__.pyi`` has to say."""
    imports = sorted(map(import_line, mbh.__all__), key=in_order)
    names = [f"    {name!r}," for name in sorted(mbh.__all__)]
    lines = [
        "# Plain imports of every public name, for editors; written by tests/test_public_names.py.",
        *imports,
        "",
        "__version__: str",
        "",
        "__all__ = [",
        *(line.replace("'", '"') for line in names),
        "]",
        "",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("name", mbh.__all__)
def test_a_public_name_is_listed_and_leads_somewhere(name):
    assert name in dir(mbh)
    found = getattr(mbh, name)
    if name in mbh._MODULES:
        assert found is importlib.import_module(f"mbh_utils.{mbh._MODULES[name]}")
    else:
        assert callable(found), "a class or a function"


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Plain'"):
        mbh.Plain  # noqa: B018
    assert not [name for name in dir(mbh) if name.startswith("_") and not name.startswith("__")]


def test_editors_know_the_public_names():
    again = "run: python tests/test_public_names.py"
    assert STUB.read_text(encoding="utf-8") == stub(), again


def test_editors_are_led_to_the_same_objects():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.AnnAssign)]
    seen = {}
    exec(compile(tree, STUB, "exec"), seen)
    assert sorted(seen["__all__"]) == sorted(mbh.__all__)
    for name in mbh.__all__:
        assert seen[name] is getattr(mbh, name), name


def test_the_package_says_that_it_is_typed():
    assert STUB.with_name("py.typed").exists()


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
