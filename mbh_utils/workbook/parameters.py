"""The values that go into the chapters' parameters cells, checked before anything is executed.

Papermill takes unknown and ill-typed parameters in silence; here they are refused.
"""

import ast
from numbers import Integral
from pathlib import Path

from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters
from mbh_utils.workbook.folder import shown
from mbh_utils.workbook.sources import read_notebook, tags

_TYPES = {"bool", "int", "float", "str", "list", "dict", "NoneType"}


def check_given(profile: str, seed: int, parameters: dict) -> dict:
    """The values for the parameters cells.

    Parameters
    ----------
    profile : str
        Size of all that is computed.
    seed : int
        Seed of the chapters.
    parameters : dict
        Further values by name. A profile or a seed among them is meant as if it were given as such.

    Returns
    -------
    dict
        All values by name.

    Raises
    ------
    MBHError
        For values that no chapter, or no parameters cell, can take.

    Examples
    --------
    >>> check_given("quick", 0, {"profile": "dra", "planes": 3})
    {'profile': 'draft', 'seed': 0, 'planes': 3}
    """
    if not isinstance(parameters, dict):
        raise MBHError(f"parameters are a dict of names and values, got {parameters!r}")
    given = {"profile": profile, "seed": seed, **parameters}
    given["profile"] = chapters.pick(given["profile"], experiments.PROFILES, "profile")
    given["seed"] = _checked_seed(given["seed"])
    for name in parameters:
        if not isinstance(name, str) or not _is_literal(given[name]):
            raise MBHError(
                f"parameter {name} cannot be {parameters[name]!r}: a parameters cell takes "
                "numbers, text, True, False and None, and lists and dicts (with names) of these"
            )
    return given


def _checked_seed(seed) -> int:
    """The seed as Python's own whole number."""
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        kind = type(seed).__name__
        raise MBHError(f"parameter seed of all chapters must be of type int, got {seed!r} ({kind})")
    seed = int(seed)
    chapters.check_seed(seed)
    return seed


def _is_literal(value) -> bool:
    """Whether a value can be written out in a parameters cell."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_literal(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_literal, value))
    return value is None or type(value) in (bool, int, float, str)


def check_parameters(path: Path, given: dict) -> None:
    """Hold values against a notebook's parameters cell.

    Parameters
    ----------
    path : Path
        The notebook's file.
    given : dict
        The values by name.

    Raises
    ------
    MBHError
        If the notebook has not exactly one parameters cell, the cell does not have such a
        parameter, or a value is of another type than the parameter: that is the type of its
        annotation, or else of its default value.
    """
    declared = _declared(path, _parameters_cell(path))
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise MBHError(
                f"{shown(path)} has no parameter {name!r}: its parameters cell has {known}"
            )
        annotation, default = declared[name]
        wanted = _type_names(path, name, annotation, default)
        got = type(value).__name__
        whole_for_real = "float" in wanted and got == "int"
        if wanted and got not in wanted and not whole_for_real:
            expected = " or ".join(sorted(wanted))
            raise MBHError(
                f"parameter {name} of {shown(path)} must be of type {expected}, "
                f"got {value!r} ({got})"
            )


def _parameters_cell(path: Path) -> str:
    """The source of the notebook's one parameters cell."""
    tagged = [cell for cell in read_notebook(path).cells if "parameters" in tags(cell)]
    if len(tagged) != 1:
        raise MBHError(
            f"{shown(path)} has {len(tagged)} cells tagged 'parameters', but needs exactly one: "
            "tag the cell that holds the chapter's parameters (JupyterLab: property inspector)"
        )
    return tagged[0].source


def _declared(path: Path, source: str) -> dict[str, tuple[str, ast.expr]]:
    """Parameter -> its annotation, or "", and the expression of its default value."""
    found = {}
    for statement in _statements(path, source):
        if isinstance(statement, ast.AnnAssign):
            if statement.value and isinstance(statement.target, ast.Name):
                annotation = ast.unparse(statement.annotation).strip("'\"")
                found[statement.target.id] = (annotation, statement.value)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = ("", statement.value)
    return found


def _statements(path: Path, source: str) -> list[ast.stmt]:
    """The statements of a parameters cell, without lines for IPython or the shell."""
    lines = [
        "" if line.lstrip().startswith(("%", "!")) else line  # empty, so that line numbers stay
        for line in source.splitlines()
    ]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError) as error:
        raise MBHError(
            f"the parameters cell of {shown(path)} is not plain Python ({error})"
        ) from error


def _type_names(path: Path, name: str, annotation: str, default: ast.expr) -> set[str]:
    """Names of the types that a parameter takes; none where it takes any type."""
    words = {_type_name(word) for word in annotation.split("|")}
    try:
        if not words <= _TYPES:
            words = {type(ast.literal_eval(default)).__name__}
    except ValueError as error:
        raise MBHError(
            f"parameter {name} of {shown(path)} has the default {ast.unparse(default)!r}, "
            "but a parameters cell holds plain literals only"
        ) from error
    return set() if words == {"NoneType"} else words


def _type_name(annotation: str) -> str:
    """The type's name in an annotation such as ``list[int]``."""
    return annotation.split("[")[0].strip().replace("None", "NoneType")
