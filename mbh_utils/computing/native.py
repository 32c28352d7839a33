"""Compiled code is kept on disk where that can be written, and is never that of other sources.

numba looks at the file of a compiled function only, and finds the code of a helper in another file
stale only by chance; it refuses to compile where it finds no folder to write to; and a full disk,
or a damaged file, ends the call.
"""

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import config as _config
from numba.core.caching import FunctionCache

from mbh_utils.computing.home import below_home, private_folder, writable

_PACKAGE = Path(__file__).parents[1]

config: Any = _config  # numba makes its settings as it starts: no type checker knows them


@functools.cache
def folder() -> Path | None:
    """Where this process keeps compiled code; None if it is kept in memory.

    It is the first of these that can be written: ``NUMBA_CACHE_DIR``, the package's own
    ``__pycache__``, ``mbh_utils`` in the user's cache, a private folder among the temporary files.
    """
    for candidate in _candidates():
        with suppress(OSError):
            candidate.mkdir(exist_ok=True)
            if writable(candidate):
                return candidate
    return None


def _candidates() -> Iterator[Path]:
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)
    yield _PACKAGE / "__pycache__"
    if (caches := below_home(".cache", variable="XDG_CACHE_HOME")) and caches.parent.is_dir():
        with suppress(OSError):
            caches.mkdir(exist_ok=True)
            yield caches / "mbh_utils"
    if place := private_folder():
        yield place / "native"


def cached(**options) -> Callable:
    """``numba.njit(**options)`` whose code is kept until a file that it is made of changes."""

    def compiled(function: Callable):
        kernel: Any = njit(**options)(function)
        with suppress(OSError, RuntimeError):  # no folder, no source: in memory then
            if (place := folder()) is not None:
                sources = digest(Path(inspect.getfile(function)))
                kernel._cache = _cache(function, place / f"native-{sources}")
        return kernel

    return compiled


def _cache(function: Callable, place: Path) -> "_Cache":
    """The cache of a function in one folder."""
    place.mkdir(exist_ok=True)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(place)  # which numba reads now, and not again
    try:
        return _Cache(function)
    finally:
        config.CACHE_DIR = before


class _Cache(FunctionCache):
    """numba's cache of one function; files may be damaged, vanish or find no room at any time."""

    def load_overload(self, sig, target_context):
        with suppress(Exception):  # whatever unpickling raises; it is compiled again
            return super().load_overload(sig, target_context)

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError:
            return
        except Exception:  # the list of what is kept is damaged: begin a new one
            with suppress(Exception):
                self.flush()
                super().save_overload(sig, data)


@functools.cache
def digest(file: Path) -> str:
    """12 hex digits of a module's source and of all modules of the package that it is made of."""
    sources: dict[Path, bytes] = {}
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in sources and path.is_file():
            sources[path] = path.read_bytes()
            waiting += _imported(path, sources[path])
    content = b"\0".join(hashlib.sha256(sources[path]).digest() for path in sorted(sources))
    return hashlib.sha256(content).hexdigest()[:12]


def _imported(file: Path, source: bytes) -> Iterator[Path]:
    """Files of the package's modules that a module imports, in whatever line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            parts = [*_package_of(file, node.level), *(node.module or "").split(".")]
            for alias in node.names:
                yield from _files_of([part for part in parts if part] + [alias.name])


def _package_of(file: Path, level: int) -> list[str]:
    """Parts of the name of the package that an import with so many dots is relative to.

    Without dots there are none.
    """
    if level == 0:
        return []
    inside = file.relative_to(_PACKAGE.parent).parent.parts
    return list(inside[: len(inside) - level + 1])


def _files_of(parts: list[str]) -> Iterator[Path]:
    """Files that run when a.b.c is imported, be c a module or a name in b.

    Those of the packages on the way are among them, but for the whole package's own
    ``__init__.py``, unless the name is found there: it holds no code of a kernel.
    """
    if parts[0] != _PACKAGE.name:
        return
    place = _PACKAGE.parent
    for i, part in enumerate(parts):
        place = place / part
        if i == 0 and len(parts) > 1 and _is_module(place / parts[1]):
            continue
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                yield path


def _is_module(place: Path) -> bool:
    return place.with_suffix(".py").is_file() or place.is_dir()
