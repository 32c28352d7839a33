"""The chapters, the figures each one owes, and the one object through which a notebook writes them.

``CHAPTERS`` is the index of the workbook: a figure that is not declared here cannot be saved, and a declared one
that is not saved is an error (see :mod:`mbh_utils.workbook.runner`, which executes the chapters).
"""

import difflib
import hashlib
import html
import io
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython import display, get_ipython
from matplotlib.figure import FigureBase
from PIL import Image, PngImagePlugin

from mbh_utils import __version__, datasets, experiments, plots
from mbh_utils.computing import paths, require
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError


@dataclass(frozen=True)
class Declaration:
    """One chapter: its notebook's name, its title, the figures it must write, the experiments it reads."""

    name: str
    title: str
    figures: tuple[str, ...]
    experiments: tuple[str, ...]


CHAPTERS: tuple[Declaration, ...] = (
    Declaration("01_sparsity", "Sparse networks and winning tickets",
                ("table-2-1", "fig-2-1", "fig-2-2"), ("tickets",)),
    Declaration("02_activation_regions", "Activation regions",
                ("fig-3-1", "fig-3-2", "fig-3-3", "fig-3-4b", "fig-3-5", "fig-5-1"), ("grid",)),
    Declaration("03_specialization", "Specialization",
                ("fig-4-1", "fig-4-2", "fig-4-3", "fig-4-4", "fig-4-5", "fig-c-1"), ("toy",)),
    Declaration("04_mbh", "Minimal blankets and their hypervolume",
                ("fig-1-1", "fig-4-6", "fig-6-5", "fig-b-1", "fig-b-2", "widget-4-1"), ("grid",)),
    Declaration("05_experiments", "The experiments",
                ("fig-6-1", "fig-6-2", "fig-6-3", "fig-6-4", "fig-6-6", "fig-6-7", "fig-6-9"), ("grid",)),
)  # fmt: skip

#: Libraries whose version is part of what a figure was made with.
LIBRARIES = ("torch", "numpy", "numba", "scikit-learn", "matplotlib")

#: What a commit has to agree with for a figure to be its work.
SOURCES = ("mbh_utils", "notebooks", "constraints.txt")


# ---------------------------------------------------------------- names


def pick(word: str, known: Iterable[str], kind: str) -> str:
    """The one of the ``known`` names that ``word`` is or begins; MBHError, with the nearest name, otherwise."""
    word, known = str(word).strip(), list(known)
    start = f"{word:0>2}_" if word.isdigit() else word
    matches = [name for name in known if name == word] or [
        name for name in known if start and name.startswith(start)
    ]
    if len(matches) != 1:
        raise MBHError(f"{kind} {word!r} {_hint(word, known)}")
    return matches[0]


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return (
        f"is unknown: {f'did you mean {close[0]!r}? ' if close else ''}there are {', '.join(known)}"
    )


def declaration(name: str) -> Declaration:
    """The chapter with this name, or the beginning or the number of one; MBHError names what exists."""
    name = pick(name, (c.name for c in CHAPTERS), "chapter")
    return next(c for c in CHAPTERS if c.name == name)


def figure_index() -> dict[str, str]:
    """Figure id -> name of the chapter that writes it, in the order of the chapters."""
    return {figure: chapter.name for chapter in CHAPTERS for figure in chapter.figures}


def figure_id(word: str) -> str:
    """The declared figure id that ``word`` means: 'fig-6-3', 'Fig. 6.3' and '6.3' are one; MBHError otherwise."""
    plain = "-".join(
        str(word).lower().replace("figure", "fig").replace(".", " ").replace("-", " ").split()
    )
    index = figure_index()
    plain = plain if plain in index or plain.startswith("fig-") else f"fig-{plain}"
    if plain not in index:
        raise MBHError(f"figure {word!r} {_hint(plain, index)}")
    return plain


def label(figure_id: str) -> str:
    """What the thesis calls a figure: 'fig-b-1' -> 'Figure B.1'."""
    kind, number = figure_id.replace("fig-", "figure-").split("-", 1)
    return f"{kind.capitalize()} {number.replace('-', '.').capitalize()}"


def profile_names() -> list[str]:
    """Names of the sizes in which everything can be computed."""
    return list(experiments.PROFILES)


def shown(path: Path) -> str:
    """A path as a reader wants it: relative to the project where it lies inside, without a word on the machine."""
    path = Path(path).absolute()
    return (
        path.relative_to(paths.PROJECT).as_posix()
        if path.is_relative_to(paths.PROJECT)
        else str(path)
    )


# ---------------------------------------------------------------- provenance


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that figures depend on."""
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "mbh_utils": __version__, **libraries}


def commit() -> str | None:
    """The commit of this checkout, with '+dirty' if sources differ from it; None outside a git checkout."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=paths.PROJECT, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *SOURCES)
        return git("rev-parse", "HEAD") + ("+dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def digest(data) -> str:
    """sha256 of plotted data: arrays, tensors, data frames, numbers, text, and dicts and lists of them.

    Equal values of equal type give equal digests on every machine. Raises MBHError on anything else.
    """
    hasher = hashlib.sha256()

    def mark(text: str) -> None:
        hasher.update(text.encode() + b"\0")

    def feed(data) -> None:
        if isinstance(data, torch.Tensor):
            data = data.detach().cpu().numpy()
        if data is None or isinstance(data, bool | int | float | str | np.generic):
            mark(f"{type(data).__name__} {data!r}")
        elif isinstance(data, np.ndarray) and data.dtype != object:
            mark(f"array {data.dtype.str} {data.shape}")
            hasher.update(np.ascontiguousarray(data).tobytes())
        elif isinstance(data, pd.DataFrame):
            mark(f"table {data.shape}")
            for name, column in data.items():
                mark(f"column {name}")
                numbers = isinstance(column.dtype, np.dtype) and column.dtype != object
                feed(
                    column.to_numpy()
                    if numbers
                    else [None if pd.isna(v) else str(v) for v in column]
                )
        elif isinstance(data, pd.Series | pd.Index):
            feed(pd.DataFrame({"values": data}))
        elif isinstance(data, dict):
            mark(f"dict {len(data)}")
            for key, value in data.items():
                mark(f"key {key!r}")
                feed(value)
        elif isinstance(data, list | tuple | np.ndarray):
            mark(f"list {len(data)}")
            for value in data:
                feed(value)
        else:
            raise MBHError(
                f"plotted data of type {type(data).__name__} cannot be hashed: give arrays, data frames, numbers, "
                "text, or dicts and lists of them"
            )

    feed(data)
    return hasher.hexdigest()


def write_json(path: Path, content: dict) -> None:
    """Write a readable JSON file, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
        )


def fragment_path(folder: Path, chapter: str) -> Path:
    """Where a chapter notes what it wrote."""
    return folder / "chapters" / f"{chapter}.json"


def read_fragment(folder: Path, chapter: str) -> dict | None:
    """What a chapter noted when it last finished, or None if it never did or the note cannot be read."""
    try:
        noted = json.loads(fragment_path(folder, chapter).read_text(encoding="utf-8"))
        sound = isinstance(noted["figures"], dict) and all(
            isinstance(one, dict) for one in noted["figures"].values()
        )
        return noted if sound else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_manifest(folder: Path, profile: str) -> None:
    """Gather what the chapters noted into ``manifest.json``."""
    figures, chapters = {}, {}
    for name in (c.name for c in CHAPTERS):
        if noted := read_fragment(folder, name):
            shared = {k: noted.get(k) for k in ("parameters", "data", "versions", "commit")}
            figures |= {
                i: {"chapter": name, **entry, **shared} for i, entry in noted.pop("figures").items()
            }
            chapters[name] = noted
    write_json(
        folder / "manifest.json", {"profile": profile, "figures": figures, "chapters": chapters}
    )


# ---------------------------------------------------------------- inside a notebook


class Chapter:
    """The open chapter of a notebook: saves its figures, and notes in the manifest what each was made of."""

    def __init__(self, declaration: Declaration, profile: str, seed: int, folder: Path):
        self.name, self.title, self.declared = (
            declaration.name,
            declaration.title,
            declaration.figures,
        )
        self.profile, self.seed, self.folder = profile, seed, folder
        self.figures: dict[str, dict] = {}
        self._started = self._last = time.perf_counter()

    def save(
        self,
        figure,
        figure_id: str,
        *,
        alt: str,
        data,
        function: str | Callable = "",
        settings: dict | None = None,
    ) -> None:
        """Write a matplotlib figure to ``<figures folder>/<figure_id>.png``, show it once with its alt text, close it.

        alt: one or two sentences: kind of plot, axes, main message.
        data: what is plotted (see :func:`digest`); its hash goes into the manifest.
        function: the drawing function or its name; without it the manifest names the notebook cell.
        settings: what else defines the figure, in words; ``seeds`` or ``models`` (their number) say which networks.

        Raises MBHError if this chapter does not declare the figure, or the alt text is empty.
        """
        require.kind_of("figure", figure, FigureBase, "a figure of matplotlib")
        require.kind_of("figure_id", figure_id, str, f"one of {', '.join(self.declared)}")
        if figure_id not in self.declared:
            owner = figure_index().get(figure_id)
            raise MBHError(
                f"{figure_id!r} is not a figure of chapter {self.name}: "
                + (f"{owner} writes it" if owner else f"it has {', '.join(self.declared)}")
                + "; the index is CHAPTERS in mbh_utils/workbook.py"
            )
        if not isinstance(alt, str) or not alt.strip():
            raise MBHError(
                f"{figure_id} needs an alt text: one or two sentences on what the figure shows"
            )
        alt = " ".join(alt.split())
        settings, plotted, content = settings or {}, digest(data), render(figure, alt)
        with atomic(self.folder / f"{figure_id}.png") as temporary:
            temporary.write_bytes(content)
        started, self._last = self._last, time.perf_counter()
        self.figures[figure_id] = {
            "function": _name_of(function),
            "settings": settings,
            "alt": alt,
            # The models of an experiment are the seeds 0, 1, ... ; a single network has the chapter's.
            "seeds": list(settings.get("seeds") or range(settings.get("models", 0)) or [self.seed]),
            "seconds": round(self._last - started, 2),
            "data_sha256": plotted,
            "png_sha256": hashlib.sha256(content).hexdigest(),
        }
        # JupyterLab and some templates of nbconvert ignore the alt text in an image's metadata, and strip images inside
        # HTML that they do not trust: so the picture goes out as plain PNG with its alt text, and a caption repeats it.
        caption = f"<b>{label(figure_id)}.</b> {html.escape(alt)}"
        look = 'class="mbh-caption mathjax_ignore" style="max-width: 60em; font-size: 90%"'
        display.display(
            display.Image(content, format="png", alt=alt),
            display.HTML(f"<div {look}>{caption}</div>"),
        )
        plt.close(figure)

    def finish(self) -> None:
        """Print what was written and note it for the manifest. Raises MBHError if a declared figure is missing."""
        seconds = time.perf_counter() - self._started
        noted = {
            "title": self.title,
            "parameters": {"profile": self.profile, "seed": self.seed},
            "data": data_checksums(self.profile),
            "versions": versions(),
            "commit": commit(),
            "seconds": round(seconds, 1),
            "figures": {i: self.figures[i] for i in self.declared if i in self.figures},
        }
        write_json(fragment_path(self.folder, self.name), noted)
        write_manifest(self.folder, self.profile)
        for i in self.figures:
            print(f"{label(i):<14} {shown(self.folder / i)}.png")
        print(
            f"{len(self.figures)} of {len(self.declared)} figures of {self.name}, {seconds:.1f} s"
        )
        if missing := [i for i in self.declared if i not in self.figures]:
            raise MBHError(
                f"chapter {self.name} did not save {', '.join(missing)}, which it declares: run the cells that do, "
                "or change CHAPTERS in mbh_utils/workbook.py"
            )


def open_chapter(
    name: str, *, profile: str = "quick", seed: int = 0, out: str | os.PathLike | None = None
) -> Chapter:
    """The chapter a notebook writes into; prints what it runs with and applies the plot style.

    profile: one of ``experiments.PROFILES``. seed: an int from 0 to 2**63 - 1. out: another folder for the figures.
    Raises MBHError for an unknown chapter or profile, an ill seed, or a folder that cannot be written.
    """
    chapter = declaration(name)
    profile = pick(profile, profile_names(), "profile")
    check_seed(seed)
    folder = require.folder("out", out) if out is not None else paths.figures_folder(profile)
    check_writable(folder)
    plots.use_style()
    n = torch.get_num_threads()
    device = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f"CPU, {n} thread{'s' * (n > 1)}"
    )
    print(f"Chapter {chapter.name}: {chapter.title}")
    print(", ".join(f"{k} {v}" for k, v in versions().items()))
    print(
        f"profile {profile} on {', '.join(experiments.PROFILES[profile].datasets)}; seed {seed}; {device}"
    )
    print(f"figures go to {shown(folder)}")
    return Chapter(chapter, profile, seed, folder)


def check_seed(seed: int) -> None:
    """Raise MBHError for what is no seed of a chapter: a whole number from 0 on, below 2**63 as in notes and tables."""
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise MBHError(f"seed must be a whole number from 0 on and below 2**63, got {seed!r}")


def check_writable(folder: Path) -> None:
    """Make the folder if need be; MBHError if nothing can be written there."""
    try:
        (folder / "chapters").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MBHError(
            f"figures cannot be written to {shown(folder)} ({error.strerror or error}): make that folder writable, "
            "or name another one in the environment variable MBH_FIGURES"
        ) from error


def data_checksums(profile: str) -> dict[str, str]:
    """Data set -> checksum of its content, for the data sets that a profile reads."""
    return {name: datasets.load(name).checksum for name in experiments.PROFILES[profile].datasets}


def render(figure, alt: str = "", dpi: int = 110) -> bytes:
    """A matplotlib figure as PNG of at most 256 colours, without dates: the same figure gives the same bytes.

    A palette makes pictures of activation regions a third as large, and nobody sees the difference; one by coverage
    keeps rare colours, such as that of a single marker.
    """
    drawn, packed, words = io.BytesIO(), io.BytesIO(), PngImagePlugin.PngInfo()
    figure.savefig(drawn, format="png", dpi=dpi)
    words.add_itxt("Description", alt)
    picture = (
        Image.open(drawn)
        .convert("RGB")
        .quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    picture.save(packed, format="png", optimize=True, dpi=(dpi, dpi), pnginfo=words)
    return packed.getvalue()


def _name_of(function: str | Callable) -> str:
    if callable(function):
        return f"{function.__module__}.{function.__qualname__}"
    shell = get_ipython()
    return function or (f"cell In [{shell.execution_count}]" if shell else "script")
