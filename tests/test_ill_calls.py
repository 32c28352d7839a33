"""The public face through a table of ill calls: each ends in an MBHError that names the argument.

The table (in ``ill_calls``, a file for each subject) is the product of public callables, their
arguments and ill values. Beside it stands what looks ill and is taken as meant, with a check of
what comes back.
"""

import functools
import importlib
import inspect
import signal
import warnings
from collections.abc import Callable
from types import ModuleType

import matplotlib.pyplot as plt
import pytest
from ill_calls.face import Face
from ill_calls.taken import TAKEN

import mbh_utils as mbh
from mbh_utils.computing import require
from mbh_utils.errors import MBHError

SECONDS = 10  # of one call; most take a millisecond
SUBJECTS = (
    "datasets",
    "networks",
    "pruning",
    "patterns",
    "bounds",
    "planes",
    "partitions",
    "training",
    "blankets",
    "topology",
    "evolution",
    "experiments",
    "plots",
    "workbook",
    "explorers",
    "lens_clusters",
    "lens_importance",
    "your_network",
    "beyond_baselines",
    "beyond_one_architecture",
    "beyond_optimal",
    "beyond_overfitting",
    "beyond_overlap",
    "beyond_choice",
    "beyond_hypervolume",
)
FACES: dict[str, Face] = {}
for subject in SUBJECTS:
    FACES |= importlib.import_module(f"ill_calls.{subject}").FACES

# They write, read or compute what is not here, or have too many parameters for the right one.
UNCHECKED = (
    "Partition.save",
    "Partition.load",
    "experiments.table",
    "experiments.toy",
    "experiments.write_networks",
    "Chapter.save",
    "pruning.random_masks, huge",
)
# Public functions of which the row has another name, and the one that takes nothing.
ELSEWHERE = {
    "datasets.load",
    "datasets.from_arrays",
    "patterns.activation_patterns",
    "patterns.layer_patterns",
    "patterns.unique_patterns",
    "plots.use_style",
}


class Hang(BaseException):
    """A call that took too long."""


def ring(*_):
    raise Hang


def call_strictly(call: Callable):
    """What the call returns; a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Garbage of other tests, collected just now.
        warnings.simplefilter("ignore", ResourceWarning)
        return call()


def verdict(call: Callable, word: str) -> str:
    """What is wrong with how a call ended; '' where it ended in an MBHError with this word in it.

    ``word`` may be several, of which one is enough: ``"class|label"``.
    """
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        found = call_strictly(call)
    except MBHError as error:
        known = any(one.lower() in str(error).lower() for one in word.split("|"))
        return "" if known else f"says nothing of {word!r}: {error}"
    except Hang:
        return f"takes more than {SECONDS} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return f"taken: {require.shown(found)[:80]}"


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", FACES)
def test_every_ill_argument_is_named(name):
    face = FACES[name]
    wrong = []
    for argument, values in face.ill.items():
        word = face.says.get(argument, argument)
        for value in values:
            call = functools.partial(face.function, **{**face.right, argument: value.make()})
            if said := verdict(call, word):
                wrong.append(f"{argument}={value.name}: {said}")
    assert not wrong, f"{len(wrong)} calls of {name}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in FACES if name not in UNCHECKED])
def test_the_call_without_an_ill_argument_is_right(name):
    face = FACES[name]
    face.function(**face.right)


@pytest.mark.parametrize("name", TAKEN)
def test_unusual_but_valid_calls_are_taken_as_meant(name):
    taken = TAKEN[name]
    assert taken.right(call_strictly(taken.call))


# ---------------------------------------------------------------- the table covers the public face


def functions_of(module: ModuleType) -> set[str]:
    """The functions that a public module offers."""
    offered = getattr(module, "__all__", vars(module))
    return {
        name
        for name in offered
        if not name.startswith("_")
        and inspect.isfunction(function := getattr(module, name))
        and function.__module__.startswith("mbh_utils.")
    }


def test_the_table_is_large_and_covers_the_public_face():
    assert sum(face.n_calls for face in FACES.values()) > 9_000
    assert set(mbh._PUBLIC) - {"MBHError", "Partition"} <= set(FACES)


def test_a_row_stands_in_one_file_only():
    rows = [row for s in SUBJECTS for row in importlib.import_module(f"ill_calls.{s}").FACES]
    assert len(rows) == len(FACES)


@pytest.mark.parametrize(
    "name",
    ["bounds", "datasets", "experiments", "patterns", "plots", "pruning", "widgets"],
)
def test_every_function_of_a_public_module_has_a_row(name):
    rows = {row.partition(",")[0] for row in FACES}
    functions = {f"{name}.{function}" for function in functions_of(getattr(mbh, name))}
    assert functions
    assert functions - ELSEWHERE <= rows
