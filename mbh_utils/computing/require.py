"""What a caller gave, as what the package works on; else an MBHError that names the argument.

Taken as meant: arrays of numpy, torch (with gradients, on any device, of any float type), pandas
and nested lists; True and False in an array as 1 and 0; arrays and tensors without dimensions as
the number they hold. Refused: whatever numpy would turn into numbers in silence though nobody meant
it (complex numbers lose their imaginary part, masked arrays their mask, text and None become
numbers), and True and False where one number is expected.
"""

import itertools
import math
import os
import reprlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sized
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from types import UnionType

import numpy as np

from mbh_utils.errors import MBHError

#: What numpy may raise on what is no array: ragged, too large, sparse, on a device without memory.
_UNREADABLE = (TypeError, ValueError, RuntimeError, OverflowError)
_SHORT = reprlib.Repr()
_SHORT.maxstring = 60
_SHORT.maxother = 60

#: Of a list that is given; what is longer, or has no end, is none of those that are meant.
MOST_MEMBERS = 10**7


def shown(value) -> str:
    """A value as an error message shows it: shortened, and arrays by their shape.

    Examples
    --------
    >>> shown(np.zeros((2, 3)))
    'ndarray of shape (2, 3)'
    """
    shape = getattr(value, "shape", None)
    if shape is None or shape == ():
        return _SHORT.repr(value)
    return f"{type(value).__name__} of shape {tuple(shape)}"


def listed(name: str, given, what: str) -> list:
    """The members of a sequence (or of what gives them one by one); not of text, a dict or a set.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    given : object
        What the caller gave.
    what : str
        What the members are, for the message, in the plural.

    Examples
    --------
    >>> listed("hidden", (300, 100), "widths")
    [300, 100]
    >>> listed("hidden", 300, "widths")
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: hidden is 300 (int); expected a list of widths
    """
    refused = str | bytes | Mapping | set | frozenset
    is_single = not isinstance(given, Iterable) or getattr(given, "ndim", 1) < 1
    if isinstance(given, refused) or is_single:
        kind = type(given).__name__
        raise MBHError(f"{name} is {shown(given)} ({kind}); expected a list of {what}")
    members = [] if _too_long(given) else list(itertools.islice(given, MOST_MEMBERS + 1))
    if _too_long(given) or len(members) > MOST_MEMBERS:
        raise MBHError(f"{name} has more than {MOST_MEMBERS:,} members; expected a list of {what}")
    return members


def _too_long(given) -> bool:
    """Whether something that knows its length has more members than any list that is meant."""
    try:
        return isinstance(given, Sized) and len(given) > MOST_MEMBERS
    except OverflowError:  # of a range
        return True


# --------------------------------------------------------------------------------- single values


def item(value):
    """The number in an array or a tensor without dimensions; anything else as it is.

    Examples
    --------
    >>> item(np.array(3)), item([3])
    (3, [3])
    """
    has_one = getattr(value, "ndim", None) == 0 and hasattr(value, "item")
    if has_one and not isinstance(value, np.ma.MaskedArray):
        return value.item()
    return value


def whole(name: str, value, least: int | None = None, most: int | None = None) -> int:
    """A whole number between these limits; no True, no 3.0.

    Examples
    --------
    >>> whole("seed", np.int64(3), 0)
    3
    >>> whole("seed", -1, 0)
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: seed is -1; expected a whole number >= 0
    """
    given = item(value)
    found = int(given) if isinstance(given, Integral) and not isinstance(given, bool) else None
    is_low = found is not None and least is not None and found < least
    is_high = found is not None and most is not None and found > most
    if found is None or is_low or is_high:
        limits = _limits_in_words(least, most)
        raise MBHError(f"{name} is {shown(value)}; expected a whole number{limits}")
    return found


def _limits_in_words(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" >= {least}"
    return f" <= {most}" if most is not None else ""


def number(
    name: str,
    value,
    expected: str = "a finite number",
    right: Callable[[float], bool] = np.isfinite,
) -> float:
    """A number for which ``right`` holds; ``expected`` says in words what that is.

    Examples
    --------
    >>> number("share", 1, "a share from 0 to 1", lambda share: 0 <= share <= 1)
    1.0
    >>> number("share", 3, "a share from 0 to 1", lambda share: 0 <= share <= 1)
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: share is 3; expected a share from 0 to 1
    """
    found = item(value)
    if isinstance(found, Real) and not isinstance(found, bool):
        try:
            if right(float(found)):
                return float(found)
        except OverflowError:  # a whole number beyond all floats
            pass
    raise MBHError(f"{name} is {shown(value)}; expected {expected}")


def flag(name: str, value) -> bool:
    """True or False, or 1 or 0.

    Examples
    --------
    >>> flag("exact", 1)
    True
    """
    if value is True or value is False:
        return value
    found = item(value)
    if not isinstance(found, bool | Integral) or found not in (0, 1):
        raise MBHError(f"{name} is {shown(value)}; expected True or False")
    return bool(found)


def choice(name: str, value, options: Collection[str]) -> str:
    """One of these words.

    Examples
    --------
    >>> choice("mask", "ticket", ["random", "ticket"])
    'ticket'
    """
    if not isinstance(value, str) or value not in options:
        known = ", ".join(f'"{option}"' for option in options)
        raise MBHError(f"{name} is {shown(value)}; choose one of {known}")
    return value


def path(name: str, value) -> Path:
    """The path of a file.

    Examples
    --------
    >>> path("file", "tables/grid.parquet").name
    'grid.parquet'
    """
    if not isinstance(value, str | os.PathLike) or not Path(value).name or "\0" in os.fspath(value):
        raise MBHError(f"{name} is {shown(value)}; expected the path of a file")
    return Path(value)


def folder(name: str, value) -> Path:
    """The path of a folder, which need not be there.

    Examples
    --------
    >>> folder("folder", "tables").name
    'tables'
    """
    if not isinstance(value, str | os.PathLike) or not os.fspath(value) or "\0" in os.fspath(value):
        raise MBHError(f"{name} is {shown(value)}; expected the path of a folder")
    return Path(value)


def kind_of(name: str, value, kinds: type | tuple[type, ...] | UnionType, expected: str):
    """The value, which is of one of these types; ``expected`` says what that is, and what to do.

    Examples
    --------
    >>> kind_of("settings", {"seed": 0}, dict, "a dict of settings")
    {'seed': 0}
    """
    if not isinstance(value, kinds):
        raise MBHError(f"{name} is {shown(value)} ({type(value).__name__}); expected {expected}")
    return value


# ---------------------------------------------------------------------------------------- arrays


def array(name: str, given) -> np.ndarray:
    """``given`` as an array of numbers (or True and False) of any shape; not copied if it is one.

    Of samples it is their images. NaN and infinite values are left to the caller.

    Raises
    ------
    MBHError
        For what is no array of real numbers.

    Examples
    --------
    >>> array("points", [[0, 1], [2, 3]]).shape
    (2, 2)
    >>> array("points", "a, b")
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: points must be an array of numbers, got 'a, b' (str)
    """
    if type(given) is np.ndarray and given.dtype.kind in "biuf":
        return given
    _refuse_data_set(name, given)
    given = _images_of(given)
    refused = str | bytes | Mapping | set | frozenset | Iterator
    is_endless = isinstance(given, range) and _too_long(given)
    if given is None or isinstance(given, refused) or callable(given) or is_endless:
        kind = type(given).__name__
        raise MBHError(f"{name} must be an array of numbers, got {shown(given)} ({kind})")
    try:
        found = np.asarray(_plain(name, given))
    except MBHError:
        raise
    except RecursionError:
        raise MBHError(f"{name} must be an array of numbers: it is nested without end") from None
    except _UNREADABLE as error:
        raise MBHError(f"{name} must be an array of numbers: {error}") from None
    if found.dtype.kind == "O":
        found = _from_objects(name, given, found)
    if found.dtype.kind == "c":
        meant = "(.real, if you mean that)"
        raise MBHError(f"{name} must be an array of real numbers: it holds complex ones {meant}")
    if found.dtype.kind not in "biuf":
        example = f", such as {shown(found.flat[0])}" if found.size else ""
        raise MBHError(f"{name} must be an array of numbers: it holds {found.dtype}{example}")
    return found


def all_finite(values: np.ndarray) -> bool:
    """Whether no number is NaN or infinite.

    A finite sum of squares proves it, and is quicker to find.
    """
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def _plain(name: str, given):
    """What numpy reads as it is meant, in place of tensors and masked arrays, also within lists."""
    if isinstance(given, np.ma.MaskedArray):
        if np.ma.is_masked(given):
            hidden = np.ma.count_masked(given)
            raise MBHError(
                f"{name} is a masked array, and {hidden:,} of its values are hidden: "
                "fill them (.filled(0)), or drop their rows"
            )
        return given.data
    torch = sys.modules.get("torch")  # where it was never loaded nothing is a tensor
    if torch is not None and isinstance(given, torch.Tensor):
        given = given.detach().to("cpu").resolve_conj().resolve_neg()
        is_usual = given.dtype in (torch.float32, torch.float64)
        return (given if is_usual or not given.is_floating_point() else given.double()).numpy()
    if isinstance(given, list | tuple):
        kinds = (list, tuple, np.ma.MaskedArray)
        if torch is not None:
            kinds += (torch.Tensor,)
        return [_plain(name, x) if isinstance(x, kinds) else x for x in given]
    return given


def _from_objects(name: str, given, found: np.ndarray) -> np.ndarray:
    """Numbers that numpy keeps as Python's objects (fractions, large integers), as an array."""
    if found.ndim == 0 and not isinstance(found.item(), Real | Decimal):
        kind = type(given).__name__
        advice = "; give its .toarray()" if hasattr(given, "toarray") else ""  # sparse, of scipy
        raise MBHError(f"{name} must be an array of numbers, got {shown(given)} ({kind}){advice}")
    for x in found.flat:
        if not isinstance(x, Real | Decimal):
            kind = type(x).__name__
            raise MBHError(f"{name} must be an array of numbers: it holds {shown(x)} ({kind})")
    are_whole = all(isinstance(x, Integral) and -(2**63) <= int(x) < 2**63 for x in found.flat)
    try:
        return found.astype(np.int64 if are_whole else np.float64)
    except OverflowError as error:
        raise MBHError(f"{name} must be an array of numbers: one is too large ({error})") from None


def numbers(name: str, given, shape: tuple) -> np.ndarray:
    """A read-only float64 copy of finite numbers in this shape, where None stands for any length.

    Examples
    --------
    >>> numbers("points", [[0, 1], [2, 3]], (None, 2)).dtype
    dtype('float64')
    >>> numbers("points", [0, 1], (None, 2))
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: points has shape (2,); expected (n, 2)
    """
    values = array(name, given).astype(np.float64)
    pairs = zip(shape, values.shape, strict=False)
    if values.ndim != len(shape) or any(want not in (None, got) for want, got in pairs):
        lengths = ["n" if length is None else str(length) for length in shape]
        wanted = ", ".join(lengths) + ("," if len(shape) == 1 else "")
        raise MBHError(f"{name} has shape {values.shape}; expected ({wanted})")
    if not all_finite(values):
        row = np.argwhere(~np.isfinite(values))[:, 0].min()
        raise MBHError(f"{name} holds NaN or infinite values (row {row}): repair or drop it")
    values.flags.writeable = False
    return values


def bits(name: str, given, ndim: int = 2) -> np.ndarray:
    """An array of True and False (or 1 and 0) with so many dimensions.

    Examples
    --------
    >>> bits("mask", [[1, 0], [0, 1]]).tolist()
    [[True, False], [False, True]]
    """
    values = array(name, given)
    if values.ndim != ndim:
        plural = "s" if ndim > 1 else ""
        raise MBHError(
            f"{name} has shape {values.shape}; expected {ndim} dimension{plural} of True and False"
        )
    if values.dtype != bool and not np.isin(values, (0, 1)).all():
        raise MBHError(f"{name} holds numbers other than 0 and 1; expected True and False")
    return values.astype(bool, copy=False)


# ------------------------------------------------------------------------ things of this package


def _is_samples(given) -> bool:
    return hasattr(given, "images") and hasattr(given, "labels")


def _images_of(given):
    """Of samples their images; anything else as it is."""
    return given.images if _is_samples(given) else given


def _refuse_data_set(name: str, given) -> None:
    if all(hasattr(given, part) for part in ("n_inputs", "train", "validation")):
        raise MBHError(
            f"{name} is a whole data set: give one of its parts, such as data.validation"
        )


def samples(name: str, given):
    """Images with labels; MBHError for a whole data set, or for images alone.

    Examples
    --------
    >>> samples("samples", [[0.5, 1.0]])
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: samples is [[0.5, 1.0]] (list); expected samples with labels, such \
as data.validation, or Samples(images, labels)
    """
    _refuse_data_set(name, given)
    if not _is_samples(given):
        kind = type(given).__name__
        raise MBHError(
            f"{name} is {shown(given)} ({kind}); expected samples with labels, such as "
            "data.validation, or Samples(images, labels)"
        )
    return given


def data_set(name: str, given, parts: tuple[str, ...] = ()):
    """A data set: whatever has its inputs, its classes, and these parts.

    Examples
    --------
    >>> data_set("data", "mnist")
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: data is 'mnist' (str); expected a Dataset: \
load_dataset("digits8"), or from_arrays(...) for your own arrays
    """
    if not all(hasattr(given, part) for part in ("n_inputs", "n_classes", *parts)):
        kind = type(given).__name__
        raise MBHError(
            f"{name} is {shown(given)} ({kind}); expected a Dataset: "
            'load_dataset("digits8"), or from_arrays(...) for your own arrays'
        )
    return given
