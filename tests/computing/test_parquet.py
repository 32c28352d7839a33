"""Parquet files are read without threads of pyarrow, and as pandas reads them."""

import io
import subprocess
import sys

import numpy as np
import pandas as pd

from mbh_utils.computing import parquet

TABLE = pd.DataFrame(
    {
        "text": ["a", None, "ü"],
        "share": [0.1, np.nan, 1.0],
        "count": [1, 2, 2**62],
        "small": np.array([1, 2, 3], np.int32),
        "true": [True, False, True],
    }
)


def written(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


def test_a_table_is_read_as_pandas_reads_it():
    for table in (TABLE, TABLE[:0], TABLE[["text"]]):
        content = written(table)
        found = parquet.read_frame(content)
        pd.testing.assert_frame_equal(found, pd.read_parquet(io.BytesIO(content)), check_exact=True)
        assert parquet.read_arrow(content).num_rows == len(table)


CODE = """
import os, sys
from mbh_utils.computing import parquet
content = sys.stdin.buffer.read()
before = len(os.listdir("/proc/self/task"))
assert len(parquet.read_frame(content)) == 60_000
print(len(os.listdir("/proc/self/task")) - before)
"""


def test_reading_starts_no_thread():
    many = pd.concat([TABLE] * 20_000, ignore_index=True)
    done = subprocess.run(
        [sys.executable, "-c", CODE], input=written(many), capture_output=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"0\n"
