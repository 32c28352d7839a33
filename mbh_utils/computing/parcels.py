"""Entries on their way from one machine's store to another's, where the two share no folder."""

import json
from typing import NamedTuple

from mbh_utils.computing.entries import (
    DAMAGE,
    VERSIONS,
    canonical_json,
    check,
    key_of,
    suffix_of,
)
from mbh_utils.errors import MBHError


class Parcel(NamedTuple):
    """An entry as bytes: its kind, its key, its note and its data."""

    kind: str
    key: str
    note: bytes
    data: bytes


def parcel_of(content: bytes, words: dict) -> Parcel:
    """The parcel of an entry with this data and the words of its note."""
    key = key_of(words["kind"], words["settings"], words["versions"])
    return Parcel(words["kind"], key, canonical_json(words).encode(), content)


def words_of(parcel: Parcel) -> tuple[dict, str]:
    """What the note of a parcel says, and the suffix of its data's name, once both are checked.

    Raises MBHError for what was damaged on its way, and for what was made by other versions.
    """
    try:
        words = json.loads(parcel.note)
        check(words, parcel.data, parcel.kind, parcel.key)
        suffix = suffix_of(words["file"])
    except DAMAGE as error:
        raise MBHError(
            f"a {parcel.kind} was damaged on its way here ({error}): send it again"
        ) from error
    if words["versions"] != VERSIONS:
        raise MBHError(
            f"a {parcel.kind} was made by other versions ({words['versions']}) than those here "
            f"({VERSIONS}): install the same ones on all machines"
        )
    return words, suffix
