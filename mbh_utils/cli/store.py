"""``mbh store``: look after the store of computed results."""

import json
import re
import shutil
import sys
import textwrap
import time
from collections import Counter

import click
from click import echo

from mbh_utils.cli.options import open_store
from mbh_utils.cli.wording import size, span
from mbh_utils.errors import MBHError


@click.group()
def store() -> None:
    """Look after the store of computed results."""


_folder_option = click.option(
    "--store",
    "folder",
    metavar="FOLDER",
    help="The store [default: MBH_STORE, data/store].",
)


# ---------------------------------------------------------------- ls


@store.command()
@click.option("--kind", help="Only entries of this kind, e.g. network.")
@_folder_option
def ls(kind, folder) -> None:
    """List the entries: kind, key, size, age, and what they are."""
    here = open_store(folder)
    n_notes = _count_notes(here)
    found = list(here.entries())
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for entry in sorted((one for one in found if kind in (None, one.kind)), key=_order):
        echo(_line(entry)[:width])
    _echo_sums(found, kind)
    if len(found) < n_notes:
        unknown = n_notes - len(found)
        echo(f"{unknown} more that cannot be understood: `mbh store verify` looks into them")
    if not n_notes:
        echo(f"the store {here.folder} is empty")


def _count_notes(here) -> int:
    """How many entries the store has, those that cannot be understood among them."""
    return sum(what == "note" for what, _ in here.files())


def _order(entry) -> tuple[str, list]:
    """What entries are sorted by: kind, then words, with numbers by value."""
    words = in_words(entry.settings).replace(",", "")
    parts = re.split(r"([0-9]+)", words)
    return entry.kind, [int(part) if part.isdigit() else part for part in parts]


def _line(entry) -> str:
    """One entry in one line."""
    age = span(max(time.time() - entry.time, 0))
    words = in_words(entry.settings)
    return f"{entry.kind:<9} {entry.key[:10]} {size(entry.bytes):>8} {age:>6}  {words}"


def _echo_sums(found: list, kind: str | None) -> None:
    """Tell number and size of the entries of each kind, or of the one kind that was asked for."""
    kinds = sorted({entry.kind for entry in found})
    for each in kinds if kind is None else [kind]:
        sizes = [entry.bytes for entry in found if entry.kind == each]
        noun = "entry" if len(sizes) == 1 else "entries"
        echo(f"{each}: {len(sizes):,} {noun}, {size(sum(sizes))}")
    if kind not in (None, *kinds):
        echo(f"there are entries of these kinds: {', '.join(kinds) or 'none'}")


# ---------------------------------------------------------------- show


@store.command()
@click.argument("key")
@_folder_option
def show(key, folder) -> int:
    """Tell everything about the entry KEY (its first digits are enough)."""
    from mbh_utils.computing.entries import VERSIONS, damage_of

    entry = _find(open_store(folder), key)
    problem = damage_of(entry.path)
    echo(f"{entry.kind} {entry.key}: {in_words(entry.settings)}")
    _echo_values("settings:", entry.settings)
    if entry.versions == VERSIONS:
        _echo_values("versions: the present ones", entry.versions)
    else:
        _echo_values("versions: not the present ones: it is not used any more", entry.versions)
    _echo_values("facts:", entry.facts)
    echo(f"put: {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(entry.time))}")
    echo(f"note: {entry.path}")
    echo(f"size: {size(entry.bytes)}")
    echo(f"checksum: damaged, {problem}" if problem else "checksum: right")
    return 1 if problem else 0


def _find(here, key: str):
    """The one entry whose key starts with these digits."""
    found = [entry for entry in here.entries() if entry.key.startswith(key.lower())]
    if not found:
        raise MBHError(
            f"no entry of {here.folder} has a key that starts with {key!r}: "
            "`mbh store ls` lists them"
        )
    if len(found) > 1:
        some = "\n".join(f"  {e.key}  {e.kind}  {in_words(e.settings)}" for e in found[:5])
        raise MBHError(
            f"{len(found)} entries have keys that start with {key!r}; "
            f"give more digits, as of\n{some}"
        )
    return found[0]


def _echo_values(title: str, values: dict) -> None:
    """Tell names and values below a title."""
    echo(title)
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        echo(f"  {name}: {textwrap.shorten(text, 90, placeholder=' ...')}")


# ---------------------------------------------------------------- verify, gc


@store.command()
@_folder_option
def verify(folder) -> int:
    """Read everything and set aside what is damaged.

    What was set aside will be computed again. The exit status is 1 if anything was damaged or could
    not be read.
    """
    here = open_store(folder)
    counts, n_bytes = _verify_all(here)
    if not counts:
        echo(f"the store {here.folder} is empty")
        return 0
    found = ", ".join(f"{n:,} {what}" for what, n in counts.most_common())
    echo(f"{here.folder}, {size(n_bytes)}: {found}")
    if counts["orphaned"] or counts["part"]:
        echo(
            "orphaned, part: left by killed processes, or being written now; "
            "`mbh store gc` removes what is old"
        )
    return 1 if counts["damaged"] or counts["unreadable"] else 0


def _verify_all(here) -> tuple[Counter, int]:
    """Verify the store with a bar, telling what is not whole: number of findings by kind, bytes."""
    from tqdm import tqdm

    counts = Counter()
    n_bytes = 0
    with tqdm(total=_count_notes(here), unit="entry", disable=None, leave=False) as bar:
        for finding in here.verify():
            counts[finding.what] += 1
            n_bytes += finding.bytes
            if finding.what in ("whole", "damaged", "unreadable"):
                bar.update()
            if finding.what != "whole":
                detail = f": {finding.detail}" if finding.detail else ""
                tqdm.write(f"{finding.what:<10} {finding.path.relative_to(here.folder)}{detail}")
    return counts, n_bytes


@store.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option(
    "--old-versions",
    is_flag=True,
    help="Also remove results of other torch, numpy or package versions.",
)
@click.option("--damaged", is_flag=True, help="Also remove what was set aside as damaged.")
@_folder_option
def gc(dry_run, old_versions, damaged, folder) -> None:
    """Remove what nothing can use any more.

    That is what killed processes left more than an hour ago, and checkpoints of networks that are
    finished.
    """
    here = open_store(folder)
    done = "would remove" if dry_run else "removed"
    freed = []
    for finding in here.gc(dry_run=dry_run, old_versions=old_versions, damaged=damaged):
        freed.append(finding.bytes)
        path = finding.path.relative_to(here.folder)
        echo(f"{done} {size(finding.bytes):>8}  {path} ({finding.what})")
    if freed:
        echo(f"{done} {size(sum(freed))} ({len(freed):,})")
    else:
        echo(f"nothing to remove in {here.folder}")


# ---------------------------------------------------------------- an entry in words

#: How settings are told, those first that tell most.
_WORDS = {
    "measure": "{}",
    "dataset": "{}",
    "hidden": "{}",
    "parameters": "{} HNPs",
    "mask": "{}",
    "seed": "seed {}",
    "iterations": "{} iterations",
    "iteration": "at {}",
    "data": "",
    "recipe": "",
}


def in_words(settings: dict) -> str:
    """What an entry is, from its settings, in one line.

    Examples
    --------
    >>> in_words({"seed": 3, "hidden": [300, 100], "recipe": {"iterations": 50_000}})
    '300-100, seed 3, 50,000 iterations'
    """
    recipe = settings.get("recipe")
    hidden = settings.get("hidden")
    iterations = recipe.get("iterations") if isinstance(recipe, dict) else None
    widths = "-".join(map(str, hidden)) if isinstance(hidden, list) else hidden
    told = {**settings, "iterations": iterations, "hidden": widths}
    others = [name for name in told if name not in _WORDS]
    words = [_word(name, told.get(name)) for name in (*_WORDS, *others)]
    return ", ".join(filter(None, words))


def _word(name: str, value) -> str:
    """One setting in words; '' for what one line has no room for."""
    if isinstance(value, list):
        return f"{len(value)} {name}"
    if value is None or isinstance(value, dict):
        return ""
    text = f"{value:,}" if type(value) is int else str(value)
    return _WORDS[name].format(text) if name in _WORDS else f"{name} {text}"
