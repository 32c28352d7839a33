"""Every public name with its docstring, taken apart as numpydoc has it."""

import dataclasses
import inspect
import re
from dataclasses import is_dataclass
from types import FunctionType, ModuleType
from typing import NamedTuple

import mbh_utils as mbh

#: The sections of a docstring, in numpydoc's order.
SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "See Also",
    "Notes",
    "Examples",
)

#: What makes a function of a class a method; else it is a property.
METHODS = (FunctionType, classmethod, staticmethod)
#: Where a property, a cached property and a class method hold their function.
WRAPPED = ("fget", "func", "__func__")


class Entry(NamedTuple):
    """What a docstring says of one parameter: its type, with the default, and what it is."""

    kind: str
    text: str

    def longer(self, line: str) -> "Entry":
        return self._replace(text=f"{self.text} {line.strip()}".strip())


class Documented(NamedTuple):
    """A public class, function, method or property."""

    name: str
    what: object
    kind: str  # "class", "function", "method" or "property"

    @property
    def text(self) -> str:
        """Its docstring; '' where a dataclass was given its signature for one."""
        text = inspect.cleandoc(self.what.__doc__ or "")
        generated = self.kind == "class" and text.startswith(f"{self.what.__name__}(")
        return "" if generated else text

    def sections(self) -> dict[str, str]:
        """Title -> text of each section, in the order they have."""
        parts = re.split(r"^(\S.*)\n-{3,}$", self.text, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def entries(self, section: str) -> dict[str, Entry]:
        """Name -> entry of a section such as Parameters; ``a, b : int`` are two of one text."""
        entries = {}
        names = []
        for line in self.sections().get(section, "").strip("\n").splitlines():
            if line and not line[0].isspace():
                given, _, kind = line.partition(" : ")
                names = [name.strip(" *") for name in given.split(",")]
                entries |= {name: Entry(kind, "") for name in names}
            else:
                entries |= {name: entries[name].longer(line) for name in names}
        return entries

    def parameters(self) -> dict[str, inspect.Parameter]:
        """What it takes; not what is private, as some fields of a dataclass."""
        parameters = inspect.signature(self.what).parameters
        hidden = ("self", "cls")
        return {n: p for n, p in parameters.items() if n not in hidden and n[0] != "_"}

    def needs_returns(self) -> bool:
        """Whether it returns something that its summary alone does not explain.

        A method that takes nothing, such as ``copy()``, is explained by its summary.
        """
        returned = inspect.signature(self.what).return_annotation
        if returned in (None, "None"):
            return False
        return self.kind == "function" or bool(self.parameters())


def members(name: str, cls: type) -> dict[str, Documented]:
    """Public methods and properties of a class, those of its bases in this package included.

    A function that is the default of a dataclass's field is no method.
    """
    fields = {field.name for field in dataclasses.fields(cls)} if is_dataclass(cls) else set()
    found = {}
    for attribute in dir(cls):
        if attribute.startswith("_") or attribute in fields:
            continue
        value = inspect.getattr_static(cls, attribute)
        kind = "method" if isinstance(value, METHODS) else "property"
        # What a property, a cached property or a class method wraps.
        value = next(filter(None, (getattr(value, at, None) for at in WRAPPED)), value)
        if inspect.isfunction(value) and value.__module__.startswith("mbh_utils."):
            where = f"{name}.{attribute}"
            found[where] = Documented(where, value, kind)
    return found


def offered(module: ModuleType) -> list[str]:
    """What a public module offers: its ``__all__``, or what is defined in it."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def public() -> dict[str, Documented]:
    """All public classes and functions, and the members of the classes, by name."""
    given = {}
    for name in mbh.__all__:
        value = getattr(mbh, name)
        if inspect.ismodule(value):
            given |= {f"{name}.{one}": getattr(value, one) for one in offered(value)}
        else:
            given[name] = value
    found = {}
    known = set()
    for name, value in given.items():
        if id(value) in known or not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        known.add(id(value))
        found[name] = Documented(name, value, "class" if inspect.isclass(value) else "function")
        if inspect.isclass(value):
            found |= members(name, value)
    return found
