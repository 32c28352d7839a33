"""What figures were made of: hashes of plotted data, notes and the manifest."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.workbook import provenance


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=8), st.integers(0, 7))
def test_digest_tells_apart_what_differs(values, at):
    array = np.array(values)
    changed = array.copy()
    at = at % len(array)
    changed[at] = np.nextafter(array[at], np.inf if array[at] <= 0 else -np.inf)
    digest = provenance.digest(array)
    assert digest == provenance.digest(array.copy())
    assert digest == provenance.digest(array[::-1][::-1])
    assert digest != provenance.digest(changed)


def test_digest_sees_types_names_and_shapes():
    table = pd.DataFrame({"n": [1, 2], "name": ["a", None], "kind": pd.Categorical(["x", "y"])})
    plain = [None, 1, 1.0, True, "1", [1], [[1]], {"a": 1}, {"b": 1}]
    arrays = [np.arange(4), np.arange(4.0), np.arange(4).reshape(2, 2)]
    tables = [
        table,
        table.rename(columns={"n": "m"}),
        table.assign(n=[1, 3]),
        table.assign(name=["a", "b"]),
    ]
    things = [*plain, *arrays, *tables, table.iloc[::-1]]
    assert len({provenance.digest(thing) for thing in things}) == len(things)
    assert provenance.digest(table) == provenance.digest(table.copy().reset_index(drop=True))
    assert provenance.digest(torch.arange(4)) == provenance.digest(np.arange(4))


def test_digest_refuses_what_it_cannot_hash():
    with pytest.raises(MBHError, match="type object cannot be hashed"):
        provenance.digest({"x": object()})


@pytest.mark.parametrize("text", ['{"figures": [', "[]", '{"figures": {"fig-2-1": 3}}', "{}"])
def test_a_damaged_note_counts_as_none(tmp_path, text):
    note = provenance.fragment_path(tmp_path, "01_sparsity")
    note.parent.mkdir()
    note.write_text('{"figures": {}}')
    assert provenance.read_fragment(tmp_path, "01_sparsity") == {"figures": {}}
    note.write_text(text)
    assert provenance.read_fragment(tmp_path, "01_sparsity") is None
