"""The results files: tables that are part of the project, to redraw every figure in seconds.

A file ``data/results/<profile>/<experiment>.parquet`` carries its definition (whether it is of the
present experiment, data and code) and a digest of its content (whether it is whole).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mbh_utils.computing import parquet, paths, require
from mbh_utils.computing.entries import VERSIONS
from mbh_utils.computing.files import atomic
from mbh_utils.experiments.catalogue import EXPERIMENTS
from mbh_utils.experiments.committed import content_of, damage
from mbh_utils.experiments.networks_file import FILE, read_networks_file
from mbh_utils.experiments.profiles import Profile, profile_named

#: Where a results file keeps the digest of its content, and where its definition.
DIGEST, DEFINITION = b"mbh_utils.digest", b"mbh_utils.definition"


def results_file(name: str, profile: str | Profile) -> Path:
    """Where :func:`mbh_utils.experiments.table` looks for an experiment's table.

    For "networks" it is where :meth:`Run.at` looks for those that chapters draw.

    Parameters
    ----------
    name : str
        The experiment's.
    profile : str or Profile
        How large everything is.

    Returns
    -------
    Path
        The file need not be there.

    Raises
    ------
    MBHError
        For an unknown profile, and for a name that is no text.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> experiments.results_file("grid", "paper").parts[-3:]
    ('results', 'paper', 'grid.parquet')
    """
    require.kind_of("name", name, str, "the name of an experiment")
    file = FILE if name == "networks" else f"{name}.parquet"
    return paths.results_folder(profile_named(profile).name) / file


def results_checksums(names: Iterable[str], profile: str | Profile) -> dict[str, str | None]:
    """Checksums of results files, which are equal only where the tables are the same.

    Parameters
    ----------
    names : iterable of str
        Names of experiments.
    profile : str or Profile
        How large everything is.

    Returns
    -------
    dict of str to str or None
        Experiment -> sha256 of its results file in hexadecimal digits, None where there is none.

    Raises
    ------
    MBHError
        For an unknown profile, for names that are no text, and for a file that cannot be read.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> experiments.results_checksums(["networks"], "quick")  # no table
    {'networks': None}
    """
    found: dict[str, str | None] = {}
    for name in require.listed("names", names, "names of experiments"):
        raw = content_of(results_file(name, profile))
        found[name] = None if raw is None else hashlib.sha256(raw).hexdigest()
    return found


def check_results(profile: str | Profile) -> list[Path]:
    """The results files of a profile, after all of them were read and found whole.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.

    Returns
    -------
    list of Path
        Those that are there, in the order of ``EXPERIMENTS``.

    Raises
    ------
    MBHError
        For the first damaged one, and for an unknown profile.
    """
    files = [results_file(name, profile) for name in EXPERIMENTS]
    found = [path for path in files if path.exists()]
    for path in found:
        if path.name == FILE:
            read_networks_file(path)
        else:
            _checked_notes(path, content_of(path) or b"")
    return found


def read_results(name: str, profile: Profile) -> pd.DataFrame | None:
    """The content of the experiment's results file, None if there is none of this definition.

    Raises MBHError, which says how to get it back, for a file that is damaged: cut, changed, or
    without its digest.
    """
    if EXPERIMENTS[name].rows is None:  # only networks
        return None
    path = results_file(name, profile)
    if (raw := content_of(path)) is None:
        return None
    notes = _checked_notes(path, raw)
    noted = notes.get(DEFINITION, b"").decode(errors="replace")
    if noted != definition_of(name, profile):
        return None
    if DIGEST not in notes:
        raise damage(path, "the digest of its content is missing")
    return parquet.read_frame(raw)


def write_results(name: str, profile: Profile, table: pd.DataFrame, path: Path) -> None:
    """Write an experiment's table with its definition and the digest of both."""
    notes = {
        "definition": definition_of(name, profile),
        "profile": json.dumps(asdict(profile)),
        **VERSIONS,
    }
    noted = {f"mbh_utils.{key}".encode(): str(value).encode() for key, value in notes.items()}
    content = pa.Table.from_pandas(table, preserve_index=False)
    with atomic(path) as temporary:
        pq.write_table(sealed(content, noted), temporary, compression="zstd")


def definition_of(name: str, profile: Profile) -> str:
    """24 hex digits of everything that defines a table, but for the versions of libraries."""
    experiment = EXPERIMENTS[name]
    cases = [
        (case.columns, experiment.settings(case, options))
        for case in experiment.cases(profile)
        for options in experiment.variants(profile)
    ]
    words = {"experiment": name, "results": VERSIONS["results"], "cases": cases}
    if experiment.parts:
        words["parts"] = [definition_of(part, profile) for part in experiment.parts]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:24]


def sealed(content: pa.Table, noted: dict[bytes, bytes]) -> pa.Table:
    """The table with these notes, and the digest of both, in its metadata."""
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), **noted})
    return content.replace_schema_metadata({**content.schema.metadata, DIGEST: _digest(content)})


def _digest(content: pa.Table) -> bytes:
    """sha256 of a table's column names, types, values and notes.

    It is the same however a file compresses them or groups its rows.
    """
    hasher = hashlib.sha256()

    def feed(part: bytes) -> None:
        hasher.update(len(part).to_bytes(8, "little") + part)

    for key, value in sorted((content.schema.metadata or {}).items()):
        if key != DIGEST:
            feed(key)
            feed(value)
    for name, column in zip(content.column_names, content.columns, strict=True):
        feed(f"{name} {column.type} {len(column)}".encode())
        if _is_number(column.type):
            values = column.fill_null(0) if column.null_count else column
            feed(column.is_null().to_numpy().tobytes() if column.null_count else b"")
            feed(values.to_numpy().tobytes())
        elif len(column):  # text: few different values, each of them once and then which one it is
            encoded = pa.concat_arrays(column.chunks).dictionary_encode()
            feed(json.dumps(encoded.dictionary.to_pylist()).encode())
            feed(encoded.indices.fill_null(-1).to_numpy().tobytes())
    return hasher.hexdigest().encode()


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind)


def _checked_notes(path: Path, raw: bytes) -> dict[bytes, bytes]:
    """The notes of a results file.

    Raises MBHError where its digest, if it has one, is not that of its content.
    """
    try:
        content = parquet.read_arrow(raw)
        noted = content.schema.metadata or {}
        digest = _digest(content)
    except Exception as error:  # pyarrow raises many kinds for what is no parquet, or no longer
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise damage(path, reason) from error
    if noted.get(DIGEST, digest) != digest:
        raise damage(path, "its content is not what was written")
    if not noted.keys() & {DIGEST, DEFINITION}:  # files from before there were digests have one
        raise damage(path, "its notes are missing")
    return noted
