"""The committed tables: whole, and of the present definition."""

import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_experiments import TABLES, TINY

from mbh_utils import datasets, experiments
from mbh_utils.computing import paths
from mbh_utils.computing.entries import VERSIONS
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import (
    EXPERIMENTS,
    PROFILES,
    plan,
    profiles,
    results_files,
    table,
    write_tables,
)
from mbh_utils.experiments.results_files import DEFINITION, DIGEST, read_results
from mbh_utils.networks import Family

#: A box has no margin; a plane without crossings no turning angle; in the lottery, the training
#: accuracy is looked at six times in a training only.
MAY_BE_UNKNOWN = {"margin", "turning_angle", "straight", "training_accuracy"} | {
    "s_chance",  # of pools of neurons that random images have no part in
    "initial_s_square",  # of masks that begin as another kind does
    "initial_s_square_95",
    "initial_s_box",
    "initial_s_box_95",
}
#: The same of the lenses: the range of a lesion that changes next to nothing, coherence where dead
#: ends are counted in, the milestone before the first, patterns frequent in neither of two states,
#: random masks beside some pairs only, distances of dense wirings, and what never settles.
OF_LENSES = re.compile(
    r"(p_|effect_|chance_)?(range|score|entropy|dispersion|class_score)(_null)?|best_class"
    r"|\w+_previous|frequent_jaccard_\w+|(pixel_|degree_)?null|nnstd_over_null|settled"
)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results files."""
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    return tmp_path / "results" / "tiny"


def test_results_files_are_read_without_any_store(done, results, tmp_path):
    tables = {name: table(name, TINY, store=done) for name in TABLES}
    written = write_tables(TINY, TABLES, done)
    assert written == [results / f"{name}.parquet" for name in TABLES] and all(
        map(os.path.exists, written)
    )
    empty = Store(tmp_path / "empty")
    for name in TABLES:
        pd.testing.assert_frame_equal(
            table(name, TINY, store=empty), tables[name], check_exact=True
        )
    assert plan(TINY, TABLES, empty) == [] and not empty.folder.exists()
    elsewhere = write_tables(TINY, ["patterns"], empty, tmp_path / "elsewhere")
    assert elsewhere == [tmp_path / "elsewhere" / "patterns.parquet"] and elsewhere[0].exists()


@pytest.mark.parametrize(
    "other",
    [
        {"models": 1},
        {"planes": 1},
        {"coverages": (0.5, 0.8)},
        {"iterations": 29},
        {"family": Family("lenet", ((8, 3), (6, 2)))},
    ],
    ids=lambda other: next(iter(other)),
)
def test_results_files_of_another_definition_are_not_used(done, results, other):
    write_tables(TINY, ["grid"], done)
    assert read_results("grid", TINY) is not None
    assert read_results("grid", replace(TINY, **other)) is None
    assert read_results("grid", replace(TINY, toy_iterations=1)) is not None, (
        "which the grid does not depend on"
    )


def test_results_files_of_other_code_data_or_experiment_are_not_used(done, results, monkeypatch):
    (path,) = write_tables(TINY, ["trees"], done)
    shutil.copy(path, results / "patterns.parquet")
    assert read_results("patterns", TINY) is None
    assert table("patterns", TINY, store=done)["images"].unique() == [360]
    with monkeypatch.context() as patch:
        patch.setitem(VERSIONS, "results", -1)
        assert read_results("trees", TINY) is None
    with monkeypatch.context() as patch:
        patch.setitem(VERSIONS, "numpy", "0.1")
        assert read_results("trees", TINY) is not None
    data = datasets.load("digits8")
    other = datasets.from_arrays(
        data.train.images[1:], data.train.labels[1:], data.validation.images, data.validation.labels
    )
    monkeypatch.setattr(profiles, "loaded", lambda name: other)
    assert read_results("trees", TINY) is None


def test_a_results_file_is_the_same_content_however_it_is_written(done, results):
    (path,) = write_tables(TINY, ["grid"], done)
    content, expected = pq.read_table(path), table("grid", TINY)
    for options in (
        {"compression": "gzip", "row_group_size": 100},
        {"compression": "none", "use_dictionary": False},
    ):
        pq.write_table(content, path, **options)
        pd.testing.assert_frame_equal(table("grid", TINY), expected, check_exact=True)


@pytest.mark.parametrize("name", ["grid", "tickets"])
def test_a_damaged_results_file_is_told_and_never_read(done, results, name):
    (path,) = write_tables(TINY, [name], done)
    whole, expected, refused = path.read_bytes(), table(name, TINY), 0
    bits = np.random.default_rng(0).integers(8 * len(whole), size=300)
    for bit in bits:
        harmed = bytearray(whole)
        harmed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(harmed)
        try:  # few bits hold nothing, such as those of statistics
            pd.testing.assert_frame_equal(table(name, TINY), expected, check_exact=True)
        except MBHError as error:
            assert f"{path} is damaged" in str(error) and f"`mbh run {name} --profile tiny`" in str(
                error
            )
            refused += 1
    assert refused > 100
    for size in (0, 4, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        for ask in (table, lambda name, profile: plan(profile, [name])):
            with pytest.raises(MBHError, match="is damaged .*remove it"):
                ask(name, TINY)
        with pytest.raises(MBHError, match="is damaged"):
            experiments.check_results(TINY)
    path.unlink()
    assert read_results(name, TINY) is None
    write_tables(TINY, [name], done)
    pd.testing.assert_frame_equal(table(name, TINY), expected, check_exact=True)
    assert experiments.check_results(TINY) == [path]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.assign(model=table["model"] + 1),
        lambda table: table.rename(columns={"model": "seed"}),
        lambda table: table.astype({"model": "int32"}),
        lambda table: table.iloc[::-1],
        lambda table: table.iloc[:-1],
        lambda table: table.assign(dataset="mnist"),
    ],
)
def test_a_results_file_with_another_content_is_told(done, results, change):
    (path,) = write_tables(TINY, ["trees"], done)
    notes = pq.read_schema(path).metadata
    content = pa.Table.from_pandas(change(pd.read_parquet(path)), preserve_index=False)
    pq.write_table(content.replace_schema_metadata({**notes, **content.schema.metadata}), path)
    with pytest.raises(MBHError, match="its content is not what was written"):
        table("trees", TINY)


def test_notes_of_a_results_file_are_held_to_its_digest(done, results):
    """No changed note makes a file look like one of another definition, to be computed anew."""
    (path,) = write_tables(TINY, ["trees"], done)
    content = pq.read_table(path)
    notes = content.schema.metadata
    without = {key: value for key, value in notes.items() if key != DIGEST}
    for changed in (
        {**notes, DEFINITION: b"0" * 24},
        {**notes, b"mbh_utils.profile": b"{}"},
        {key: value for key, value in notes.items() if key != DEFINITION},
        without,
        None,
    ):
        pq.write_table(content.replace_schema_metadata(changed), path)
        with pytest.raises(MBHError, match="is damaged"):
            read_results("trees", TINY)
    # One of another definition, from before there were digests, is not used, nor is it wrong.
    pq.write_table(content.replace_schema_metadata({**without, DEFINITION: b"0" * 24}), path)
    assert read_results("trees", TINY) is None and experiments.check_results(TINY) == [path]


def test_a_results_file_that_cannot_be_read_is_named(done, results):
    (results / "grid.parquet").mkdir(parents=True)
    with pytest.raises(MBHError, match=r"grid.parquet cannot be read \(Is a directory\)"):
        plan(TINY, ["grid"], done)
    shutil.rmtree(results.parent)
    results.parent.write_text("a file where the folder should be")
    assert read_results("grid", TINY) is None


def test_a_damaged_committed_table_says_how_git_brings_it_back():
    told = str(results_files.damage(paths.results_folder("paper") / "grid.parquet", "cut"))
    assert (
        "`git checkout -- data/results/paper/grid.parquet`" in told
        and "`mbh run grid --profile paper`" in told
    )


def test_every_byte_of_a_results_file_counts_for_what_is_up_to_date(done, results):
    assert experiments.results_checksums(["trees", "toy"], TINY) == {"trees": None, "toy": None}
    (path,) = write_tables(TINY, ["trees"], done)
    seen = {experiments.results_checksums(["trees"], TINY)["trees"]}
    whole = path.read_bytes()
    for at in (5, len(whole) // 2, len(whole) - 6):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        seen.add(experiments.results_checksums(["trees"], TINY)["trees"])
    assert len(seen) == 4 and None not in seen


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if EXPERIMENTS[name].rows])
def test_the_committed_tables_are_of_the_present_definition(name):
    for dataset in PROFILES["paper"].datasets:
        if not datasets.describe(dataset)["found"]:
            pytest.skip(f"real {dataset} not found, whose checksum is part of the definition")
    found = read_results(name, PROFILES["paper"])
    assert found is not None, f"run `mbh run {name} --profile paper` and commit its table"
    notes = pq.read_schema(experiments.results_file(name, "paper")).metadata
    assert DIGEST in notes, "reading has checked it"
    unknown = [name for name in found if name in MAY_BE_UNKNOWN or OF_LENSES.fullmatch(name)]
    told = found.drop(columns=unknown)
    assert not told.isna().any().any() and not found.duplicated().any()
