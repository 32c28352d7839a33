"""Files are written whole or not at all."""

import errno
from pathlib import Path

import pytest
from store_helpers import (
    files,
)

from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError


def fail(path: Path, error: BaseException):
    with atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise error


def test_atomic_writes_whole_files_readable_by_others(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with atomic(path) as temporary:
        temporary.write_text("content")
        assert not path.exists()
    assert (
        files(tmp_path) == {"new/folder/file.txt": b"content"}
        and path.stat().st_mode & 0o777 == 0o644
    )


@pytest.mark.parametrize("before", [None, "old content"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), KeyError("bug")],
)
def test_a_failure_in_the_middle_leaves_the_old_content_and_nothing_else(tmp_path, before, error):
    path = tmp_path / "file.txt"
    if before:
        path.write_text(before)
    with pytest.raises(MBHError if isinstance(error, OSError) else type(error)) as caught:
        fail(path, error)
    assert files(tmp_path) == ({"file.txt": b"old content"} if before else {})
    if isinstance(error, OSError):
        assert "No space left on device" in str(caught.value) and str(path) in str(caught.value)
        assert "nothing was changed" in str(caught.value)
