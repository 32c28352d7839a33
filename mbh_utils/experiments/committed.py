"""Reading the files that are part of the project, and what to say of one that is damaged."""

from pathlib import Path

from mbh_utils.computing import paths
from mbh_utils.errors import MBHError


def content_of(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none. Raises MBHError if it cannot be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or error
        raise MBHError(
            f"{path} cannot be read ({reason}): make it a file that you may read"
        ) from error


def damage(path: Path, reason: str) -> MBHError:
    """The error for a damaged results file, which says how to get it back."""
    name, profile = path.stem, path.parent.name
    inside = path.is_relative_to(paths.PROJECT)
    shown = path.relative_to(paths.PROJECT) if inside else path
    is_committed = inside and profile == "paper"
    checkout = f"get the committed file back by `git checkout -- {shown}`, or "
    command = f"`mbh run {name} --profile {profile}` computes it again"
    return MBHError(
        f"{shown} is damaged ({reason}): {checkout if is_committed else ''}remove it, and {command}"
    )
