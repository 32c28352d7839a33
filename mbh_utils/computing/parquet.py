"""Tables read from parquet, in the thread that asks for them.

pyarrow reads with pools of threads of its own, and a process that ends while one of them still
stops may be aborted, or never end (apache/arrow issues 34314 and 50482, seen here in one process of
seventy). Our tables are small: one thread reads them as fast.
"""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def read_arrow(content: bytes) -> pa.Table:
    """The table in the bytes of a parquet file, as pyarrow has it; its notes are in the schema."""
    # Not pyarrow.parquet.read_table, which starts a thread whatever it is told.
    return pq.ParquetFile(pa.BufferReader(content), pre_buffer=False).read(use_threads=False)


def read_frame(content: bytes) -> pd.DataFrame:
    """The same as a data frame, equal to what ``pandas.read_parquet`` makes of it."""
    return read_arrow(content).to_pandas(use_threads=False)
