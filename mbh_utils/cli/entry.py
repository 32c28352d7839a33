"""Where the command ``mbh`` begins and ends: its line, its streams, its exit status."""

import os
import signal
import sys
from contextlib import suppress

import click
from click import echo

from mbh_utils.cli.book import book
from mbh_utils.cli.claims import claims
from mbh_utils.cli.data import data
from mbh_utils.cli.doctor import doctor
from mbh_utils.cli.explore import explore
from mbh_utils.cli.figures import figures
from mbh_utils.cli.run import run
from mbh_utils.cli.store import store
from mbh_utils.errors import GO_ON, Interrupted, MBHError
from mbh_utils.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mbh")
@click.option("--traceback", is_flag=True, help="Show the full traceback of an error.")
def commands(traceback: bool) -> None:
    """The workbook's commands. Start with `mbh figures`, look around with `mbh doctor`."""


for _command in (figures, explore, book, run, claims, data, store, doctor):
    commands.add_command(_command)


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        With status 0 if all went well, 1 if not (or if nobody read all that was told), 2 for a line
        that cannot be read, and 130 after Ctrl-C.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # a polite kill ends as tidily as Ctrl-C does
    _stand_in_for_closed_streams()
    words = sys.argv[1:]
    traceback = "--traceback" in words  # wherever it stands in the line
    words = [word for word in words if word != "--traceback"]
    try:
        status = commands.main(words, "mbh", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:
        # `mbh store ls | head -1`: who reads has seen enough. Click takes most of these itself.
        _write_no_more()
        sys.exit(1)
    except OSError as error:
        if traceback:
            raise
        _write_no_more()
        _tell_of_file(error)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as stop:
        known = stop.__cause__ if isinstance(stop, click.Abort) else stop  # click makes one of it
        told = str(known) if isinstance(known, Interrupted) else GO_ON
        echo(f"\n{told}", err=True)
        sys.exit(130)
    except MBHError as error:
        if traceback:
            raise
        echo(f"mbh: {error}", err=True)
        sys.exit(1)


def _interrupt(signum, frame):
    raise KeyboardInterrupt


def _tell_of_file(error: OSError) -> None:
    """Tell which file could not be read or written, where there is somebody to tell."""
    what = error.filename or "the output, or another file,"
    reason = error.strerror or error
    with suppress(OSError):
        echo(f"mbh: {what} could not be read or written ({reason})", err=True)


def _stand_in_for_closed_streams() -> None:
    """Let what is written go nowhere where a stream is closed (`mbh store ls >&-`).

    Without, the next file that is opened would get the stream's number, and what libraries print.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)  # notebook kernels and workers write to it as well
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _write_no_more() -> None:
    """Let what is still to be written go nowhere: Python would complain of it at the end."""
    with suppress(OSError, ValueError):  # ValueError: no file behind it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
