"""Checks of what the drawing functions are given."""

from collections.abc import Sequence

import pandas as pd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import Partition


def check_flags(**given: bool) -> None:
    """Each is True or False."""
    for name, value in given.items():
        require.flag(name, value)


def check_texts(**given: str) -> None:
    """Each is a text."""
    for name, value in given.items():
        require.kind_of(name, value, str, "a text")


def checked_partition(partition) -> Partition:
    """What was given, if it is a partition."""
    expected = "a partition, as partition_input_space makes it"
    return require.kind_of("partition", partition, Partition, expected)


def checked_table(
    table: pd.DataFrame,
    columns: Sequence[str],
    numbers: Sequence[str] = (),
) -> pd.DataFrame:
    """What was given, if it is a table with rows, these columns, and numbers in some of them."""
    expected = "a pandas table, such as mbh_utils.experiments.table makes"
    require.kind_of("table", table, pd.DataFrame, expected)
    for name in columns:
        if not isinstance(name, str) or name not in table:
            has = ", ".join(map(str, table.columns))
            raise MBHError(f"table has no column {require.shown(name)}; it has {has or 'none'}")
    for name in numbers:
        require.array(f"the table's column {name}", table[name])
    if not len(table):
        raise MBHError("table has no row: there is nothing to draw")
    return table
