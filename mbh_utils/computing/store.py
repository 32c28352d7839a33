"""What was computed, on disk: keyed by all that defines it, written atomically, checked when read.

How an entry lies on disk is told in ``entries.py``, how a store is looked after in ``upkeep.py``.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
import pandas as pd
import safetensors.numpy
from safetensors import SafetensorError

from mbh_utils.computing import paths, upkeep
from mbh_utils.computing.entries import (
    DAMAGE,
    KIND,
    VERSIONS,
    Entry,
    decode_arrays,
    decode_table,
    entry_of,
    files_below,
    files_of,
    get_entry,
    key_of,
    write_entry,
)
from mbh_utils.computing.files import remove
from mbh_utils.computing.parcels import Parcel, parcel_of, words_of
from mbh_utils.computing.upkeep import Finding
from mbh_utils.errors import MBHError

#: What a reader makes of the arrays of an entry.
Made = TypeVar("Made")


class Store:
    """A folder of arrays and tables. Several processes may use one at the same time.

    Parameters
    ----------
    folder : str or path, optional
        Where it is; by default the folder that ``MBH_STORE`` names, or ``data/store``. It is made
        by the first put.

    Raises
    ------
    MBHError
        If ``folder`` means no folder on this machine. What cannot be read or written later is told
        by an MBHError too.

    Notes
    -----
    An entry is named by its *kind* (a plain name) and its *settings*: everything that defines it,
    in numbers, text, arrays, and lists and dicts of them. The versions of package, torch and numpy
    are part of the key as well, so that a result is only reused by what would compute the same
    again. Beside its content an entry has *facts*, which are kept but define nothing.

    An entry that is found damaged is set aside, never deleted, and counts as missing.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2}, seconds=0.5)
    >>> arrays, facts = store.arrays("squares", {"n": 3})
    >>> arrays["x"].tolist(), facts
    ([0, 1, 4], {'seconds': 0.5})
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        if folder is None:
            self.folder = paths.store_folder()
        else:
            self.folder = paths.named(folder, "the store's folder")

    def note(self, kind: str, settings: dict) -> Path:
        """The file that says what the entry is, and names its data file.

        Parameters
        ----------
        kind, settings
            Of the entry, which need not be there.

        Raises
        ------
        MBHError
            For a kind that is no plain name.

        Examples
        --------
        >>> Store("here").note("squares", {"n": 3}).suffix
        '.json'
        """
        if not isinstance(kind, str) or not KIND.fullmatch(kind):
            raise MBHError(
                f"{kind!r} cannot be a kind of entries: a kind names a folder of the store, so it "
                'is made of letters, digits, "_" and "-", such as "network"'
            )
        return self.folder / kind / f"{key_of(kind, settings)}.json"

    # -------------------------------------------------------------------------------- reading

    def has(self, kind: str, settings: dict) -> bool:
        """Whether an entry is there and whole. A damaged one is set aside.

        Examples
        --------
        >>> import tempfile
        >>> Store(tempfile.mkdtemp()).has("squares", {"n": 3})
        False
        """
        return get_entry(self.note(kind, settings), lambda content, words: True) is not None

    def facts(self, kind: str, settings: dict) -> dict | None:
        """What was noted beside an entry when it was put (accuracy, seconds, ...), or None.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2}, seconds=0.5)
        >>> store.facts("squares", {"n": 3})
        {'seconds': 0.5}
        """
        return get_entry(self.note(kind, settings), lambda content, words: words["facts"])

    @overload
    def arrays(
        self, kind: str, settings: dict, make: None = None
    ) -> tuple[dict[str, np.ndarray], dict] | None: ...

    @overload
    def arrays(
        self, kind: str, settings: dict, make: Callable[[dict[str, np.ndarray], dict], Made]
    ) -> Made | None: ...

    def arrays(
        self,
        kind: str,
        settings: dict,
        make: Callable[[dict[str, np.ndarray], dict], Made] | None = None,
    ) -> tuple[dict[str, np.ndarray], dict] | Made | None:
        """The arrays of an entry and its facts.

        Parameters
        ----------
        kind, settings
            Of the entry.
        make : callable, optional
            Makes what is returned of (arrays, facts). An entry that it cannot take is damaged.

        Returns
        -------
        tuple or None
            The arrays by name, which are the reader's own, and the facts; or what ``make`` makes
            of them. None if the entry is not there, or damaged.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.arrays("squares", {"n": 3}) is None
        True
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2})
        >>> int(store.arrays("squares", {"n": 3}, make=lambda arrays, facts: arrays["x"].sum()))
        5
        """

        def decode(content: bytes, words: dict):
            arrays = decode_arrays(content, words)
            facts = words["facts"]
            return (arrays, facts) if make is None else make(arrays, facts)

        return get_entry(self.note(kind, settings), decode)

    def table(self, kind: str, settings: dict) -> pd.DataFrame | None:
        """The table of an entry, or None.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_table("measure", {"n": 3}, pd.DataFrame({"s": [0.25]}))
        >>> store.table("measure", {"n": 3})
              s
        0  0.25
        """
        return get_entry(self.note(kind, settings), decode_table)

    # -------------------------------------------------------------------------------- writing

    def put_arrays(self, kind: str, settings: dict, arrays: dict[str, np.ndarray], **facts) -> None:
        """Keep named arrays of numbers, in place of those with these settings.

        Parameters
        ----------
        kind, settings
            Of the entry.
        arrays : dict
            Name -> array of numbers, or of True and False.
        **facts
            What is noted beside them.

        Raises
        ------
        MBHError
            For other arrays (text, objects), and when the store cannot be written.

        Examples
        --------
        >>> Store("here").put_arrays("squares", {"n": 3}, {"x": np.array(["four"])})
        Traceback (most recent call last):
        mbh_utils.errors.MBHError: squares: arrays of these types cannot be kept (x <U4): ...
        """
        plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        try:
            content = safetensors.numpy.save(plain)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            types = ", ".join(f"{name} {array.dtype}" for name, array in plain.items())
            raise MBHError(
                f"{kind}: arrays of these types cannot be kept ({types}): {error}"
            ) from error
        note = self.note(kind, settings)
        write_entry(note, kind, settings, ".safetensors", content, facts)

    def put_table(self, kind: str, settings: dict, table: pd.DataFrame, **facts) -> None:
        """Keep a table, in place of the one with these settings.

        Parameters
        ----------
        kind, settings
            Of the entry.
        table : pandas.DataFrame
            Its index is not kept.
        **facts
            What is noted beside it.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_table("measure", {"n": 3}, pd.DataFrame({"s": [0.25]}), seconds=0.5)
        >>> store.has("measure", {"n": 3})
        True
        """
        content = table.to_parquet(index=False)
        write_entry(self.note(kind, settings), kind, settings, ".parquet", content, facts)

    def drop(self, kind: str, settings: dict) -> None:
        """Remove an entry that is no longer needed. It need not be there.

        Examples
        --------
        >>> import tempfile
        >>> Store(tempfile.mkdtemp()).drop("squares", {"n": 3})
        """
        remove(files_of(self.note(kind, settings)))

    # ------------------------------------------------------------------------- all that is there

    def entries(self) -> Iterator[Entry]:
        """All entries, as their notes tell; notes that cannot be understood are left out.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2})
        >>> [(entry.kind, entry.settings) for entry in store.entries()]
        [('squares', {'n': 3})]
        """
        for what, note in self.files():
            # Another process may remove what is listed.
            with contextlib.suppress(OSError, *DAMAGE):
                if what == "note":
                    yield entry_of(note)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Everything in the folder, kind by kind.

        Yields
        ------
        tuple of str and Path
            What it is and where: "note", "data", "part" (a file being written), "set aside"
            (damaged) or "foreign" (not the store's own).

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2})
        >>> sorted(what for what, path in store.files())
        ['data', 'note']
        """
        return files_below(self.folder)

    def verify(self) -> Iterator[Finding]:
        """Check every entry; set damaged ones aside.

        Yields
        ------
        Finding
            "whole", "damaged" (set aside now) or "unreadable" for entries; "orphaned" (data without
            a note), "part" (being written, or left by a killed process), "set aside" (some time
            ago) or "foreign" for files.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2})
        >>> [finding.what for finding in store.verify()]
        ['whole']
        """
        return upkeep.verify(self.folder)

    def gc(
        self,
        *,
        dry_run: bool = False,
        old_versions: bool = False,
        damaged: bool = False,
        grace: float = 3600,
    ) -> Iterator[Finding]:
        """Remove what nothing can use any more, and tell each: why, its note or file, its bytes.

        These are files that a killed process was writing, data without a note, and the resumable
        states that older packages kept ("snapshot"), all older than ``grace``; and checkpoints of
        trainings whose finished network is here. What does not look like the store's own stays, and
        so does what a living process of this machine is writing, whatever clocks say.

        Parameters
        ----------
        dry_run : bool
            Only tell.
        old_versions : bool
            Also remove entries of other versions.
        damaged : bool
            Also remove what was set aside.
        grace : float
            Seconds, by the clock of the file system.

        Yields
        ------
        Finding
            Each thing that was removed.

        Raises
        ------
        MBHError
            If grace is no number from 0 on, or something cannot be read or removed.

        Examples
        --------
        >>> import tempfile
        >>> list(Store(tempfile.mkdtemp()).gc(dry_run=True))
        []
        """
        return upkeep.gc(
            self.folder,
            dry_run=dry_run,
            old_versions=old_versions,
            damaged=damaged,
            grace=grace,
        )

    def remove_markers(self, grace: float = 3600) -> None:
        """Remove the marker files of killed runs (``scheduling.marker_file``).

        A run that lives renews its own, so one that is older than ``grace`` seconds is nobody's.
        """
        upkeep.remove_markers(self.folder, grace)

    # -------------------------------------------------------------------- from machine to machine

    def pack(self, entries: Iterable[tuple[str, dict]]) -> list[Parcel]:
        """Entries for another machine's store.

        Parameters
        ----------
        entries : iterable of (str, dict)
            Their kinds and settings; what is not here is left out.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put_arrays("squares", {"n": 3}, {"x": np.arange(3) ** 2})
        >>> parcels = store.pack([("squares", {"n": 3}), ("squares", {"n": 4})])
        >>> other = Store(tempfile.mkdtemp())
        >>> other.unpack(parcels)
        >>> other.has("squares", {"n": 3}), other.has("squares", {"n": 4})
        (True, False)
        """
        return self._packed(self.note(kind, settings) for kind, settings in entries)

    def pack_all(self) -> list[Parcel]:
        """Every entry of the present versions for another machine's store; see :meth:`pack`."""
        return self._packed(e.path for e in self.entries() if e.versions == VERSIONS)

    def _packed(self, notes: Iterable[Path]) -> list[Parcel]:
        found = (get_entry(note, parcel_of) for note in notes)
        return [parcel for parcel in found if parcel is not None]

    def unpack(self, parcels: Iterable[Parcel]) -> None:
        """Keep the entries that another machine packed; see :meth:`pack`.

        Raises
        ------
        MBHError
            For what was damaged on the way, made by other versions than those here, or would be
            kept outside of this folder.
        """
        for parcel in parcels:
            words, suffix = words_of(parcel)
            note = self.note(words["kind"], words["settings"])
            write_entry(note, words["kind"], words["settings"], suffix, parcel.data, words["facts"])
