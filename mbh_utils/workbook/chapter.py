"""The object through which a notebook opens its chapter, saves its figures and finishes."""

import hashlib
import html
import os
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from IPython import display, get_ipython
from matplotlib.figure import FigureBase

from mbh_utils import datasets, experiments, plots
from mbh_utils.computing import paths, require
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.plots.png import render
from mbh_utils.workbook import captions, chapters, provenance
from mbh_utils.workbook.chapters import Declaration
from mbh_utils.workbook.folder import check_writable, shown

#: Environment variable: anything but empty means that the chapter is executed to be read.
STATIC = "MBH_STATIC"

_OF_CAPTIONS = "data, models x planes, what a band is, and one message (see chapter.caption)"


class Chapter:
    """The open chapter of a notebook, which saves its figures and notes what each was made of.

    :func:`open_chapter` makes one.

    Parameters
    ----------
    declaration : Declaration
        What the chapter is and must write.
    profile : str
        Size of all that is computed.
    seed : int
        Seed of what the chapter draws itself.
    folder : Path
        Where its figures go.

    Attributes
    ----------
    declared : tuple of str
        Ids of the figures that it must write.
    figures : dict of str to dict
        Figure id -> what the manifest says of it, for the figures saved so far.
    """

    def __init__(self, declaration: Declaration, profile: str, seed: int, folder: Path):
        self.name = declaration.name
        self.title = declaration.title
        self.declared = declaration.figures
        self.profile = profile
        self.seed = seed
        self.folder = folder
        self.figures: dict[str, dict] = {}
        self._started = time.perf_counter()
        self._last = self._started

    def save(
        self,
        figure,
        figure_id: str,
        *,
        alt: str,
        caption: str = "",
        data,
        function: str | Callable = "",
        settings: dict | None = None,
    ) -> None:
        """Write a figure to ``<figures folder>/<figure_id>.png``, show it once, and close it.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            The figure.
        figure_id : str
            Its id, which the chapter declares.
        alt : str
            One or two sentences on what is to be seen, for those who do not see it: kind of plot,
            axes, how the lines run.
        caption : str
            What stands below the picture, behind its number: data, models x planes, what a band is,
            and one message; plain words (:meth:`caption` puts them together).
        data : array, data frame, number, str, dict or list
            What is plotted (see :func:`mbh_utils.workbook.provenance.digest`); the manifest keeps
            its hash.
        function : str or callable
            The drawing function or its name; without it the manifest names the notebook cell.
        settings : dict, optional
            What else defines the figure, in words; ``seeds``, or ``models`` (their number), say
            which networks.

        Raises
        ------
        MBHError
            If the chapter does not declare the figure, it has no alt text or no caption, the data
            cannot be hashed, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import matplotlib.pyplot as plt
        >>> folder = tempfile.TemporaryDirectory()
        >>> chapter = open_chapter("1", out=folder.name)  # doctest: +ELLIPSIS
        Chapter 01_sparsity: ...
        >>> figure, axes = plt.subplots()
        >>> words = {"alt": "Empty axes.", "caption": chapter.caption("Nothing yet.", models=1)}
        >>> chapter.save(figure, "fig-2-1", **words, data=[])  # doctest: +ELLIPSIS
        <IPython...Image object> <IPython...HTML object>
        >>> (chapter.folder / "fig-2-1.png").exists()
        True
        >>> chapter.figures["fig-2-1"]["label"], chapter.figures["fig-2-1"]["caption"]
        ('Figure 1.1 (thesis: Figure 2.1)', 'Digits 8×8: 1 model. Nothing yet.')
        >>> folder.cleanup()
        """
        self._check(figure, figure_id)
        alt = _required(figure_id, "an alt text: one or two sentences on what is to be seen", alt)
        caption = _required(figure_id, f"a caption: {_OF_CAPTIONS}", caption)
        settings = settings or {}
        data_sha256 = provenance.digest(data)
        content = render(figure, alt, caption)
        with atomic(self.folder / f"{figure_id}.png") as temporary:
            temporary.write_bytes(content)
        self.figures[figure_id] = {
            "label": chapters.label(figure_id),
            "function": _name_of(function),
            "settings": settings,
            "alt": alt,
            "caption": caption,
            "seeds": self._seeds(settings),
            "seconds": self._seconds_since_last_figure(),
            "data_sha256": data_sha256,
            "png_sha256": hashlib.sha256(content).hexdigest(),
        }
        _show(content, figure_id, alt, caption)
        plt.close(figure)

    def caption(
        self,
        message: str,
        *,
        data: str | Iterable[str] | None = None,
        models: int | None = None,
        planes: int | None = None,
        domain: str = "",
        band: str = "",
        bar: str = "",
    ) -> str:
        """The caption of a figure: what it was measured on, what its bands are, what it tells.

        Parameters
        ----------
        message : str
            One sentence: what the figure tells. Where it states a result, compute it.
        data : str or iterable of str, optional
            Names of the data sets; those of the profile by default, and "" for none.
        models : int, optional
            Networks of each set-up.
        planes : int, optional
            Planes of each network.
        domain : str, default ""
            The part of the planes: "square", "box", "triangle", or words of your own.
        band, bar : str, default ""
            What the bands, or the bars, reach over: such as "smallest to largest model".

        Returns
        -------
        str
            What :meth:`save` takes as caption.

        Raises
        ------
        MBHError
            If there is no message, a count is no whole number from 1 on, or a word is no text.

        Examples
        --------
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> chapter = open_chapter("5", out=folder.name)  # doctest: +ELLIPSIS
        Chapter 05_experiments: ...
        >>> chapter.caption("Wider is better.", models=2, planes=3, domain="box")
        'Digits 8×8: 2 models × 3 planes in the input box. Wider is better.'
        >>> chapter.caption("Drawn by hand.", data="")
        'Drawn by hand.'
        >>> folder.cleanup()
        """
        return captions.caption(
            message,
            data=experiments.PROFILES[self.profile].datasets if data is None else data,
            models=models,
            planes=planes,
            domain=domain,
            band=band,
            bar=bar,
        )

    def _check(self, figure, figure_id: str) -> None:
        """Raise MBHError for what cannot be saved."""
        require.kind_of("figure", figure, FigureBase, "a figure of matplotlib")
        require.kind_of("figure_id", figure_id, str, f"one of {', '.join(self.declared)}")
        if figure_id not in self.declared:
            owner = chapters.figure_index().get(figure_id)
            instead = f"{owner} writes it" if owner else f"it has {', '.join(self.declared)}"
            raise MBHError(
                f"{figure_id!r} is not a figure of chapter {self.name}: {instead}; "
                f"the index is {chapters.INDEX}"
            )

    def _seeds(self, settings: dict) -> list[int]:
        """Seeds of a figure's networks.

        The models of an experiment are the seeds 0, 1, ...; a single network has the chapter's.
        """
        return list(settings.get("seeds") or range(settings.get("models", 0)) or [self.seed])

    def _seconds_since_last_figure(self) -> float:
        """Seconds since the figure before this one was saved, or the chapter was opened."""
        before = self._last
        self._last = time.perf_counter()
        return round(self._last - before, 2)

    def explore(self, page) -> None:
        """Write an explorer to ``<figures folder>/explore/<page.name>.html``, and show it.

        Parameters
        ----------
        page : Page
            As :mod:`mbh_utils.widgets` makes it, such as ``widgets.page("blanket", profile)``.

        Raises
        ------
        MBHError
            For what is no page, and where the file cannot be written.

        Notes
        -----
        A notebook shows the page itself, which needs no kernel. Executed chapters (where
        ``MBH_STATIC`` is set) hold a link to the file instead, and stay small; the reading copy
        shows the page in the link's place.

        Examples
        --------
        >>> import tempfile
        >>> from mbh_utils import widgets
        >>> folder = tempfile.TemporaryDirectory()
        >>> chapter = open_chapter("4", out=folder.name)  # doctest: +ELLIPSIS
        Chapter 04_mbh: ...
        >>> data = datasets.load("digits8")
        >>> plane = experiments.class_plane("digits8", (0, 1, 9))
        >>> network = experiments.run_of("quick", 10).initial()
        >>> chapter.explore(widgets.blanket_page(network, plane, data))
        <IPython.core.display.HTML object>
        >>> (chapter.folder / "explore" / "blanket.html").exists()
        True
        >>> folder.cleanup()
        """
        for name in ("name", "title", "save", "_repr_html_"):
            if not hasattr(page, name):
                raise MBHError(
                    f"{require.shown(page)} is no page: make one by widgets.page, such as "
                    'widgets.page("blanket", profile)'
                )
        folder = self.folder / "explore"
        try:
            page.save(folder)
        except OSError as error:
            raise MBHError(
                f"the explorer cannot be written to {shown(folder)} ({error.strerror or error}): "
                "make that folder writable"
            ) from error
        content = _link_to(page) if os.environ.get(STATIC) else page._repr_html_()
        with warnings.catch_warnings():
            # IPython advises IFrame, which shows files of a server only.
            warnings.filterwarnings("ignore", message="Consider using IPython.display.IFrame")
            display.display(display.HTML(content))

    def finish(self) -> None:
        """Print what was written, and note it for the manifest.

        Raises
        ------
        MBHError
            If a figure that the chapter declares was not saved.

        Examples
        --------
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> chapter = open_chapter("1", out=folder.name)  # doctest: +ELLIPSIS
        Chapter 01_sparsity: ...
        >>> chapter.finish()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        mbh_utils.errors.MBHError: chapter 01_sparsity did not save table-2-1, fig-2-1, ...
        >>> folder.cleanup()
        """
        seconds = time.perf_counter() - self._started
        saved = {i: self.figures[i] for i in self.declared if i in self.figures}
        noted = {
            "title": self.title,
            "parameters": {"profile": self.profile, "seed": self.seed},
            "data": provenance.data_checksums(self.profile),
            "versions": provenance.versions(),
            "commit": provenance.commit(),
            "seconds": round(seconds, 1),
            "figures": saved,
        }
        provenance.write_json(provenance.fragment_path(self.folder, self.name), noted)
        provenance.write_manifest(self.folder, self.profile)
        width = max((len(entry["label"]) for entry in self.figures.values()), default=0)
        for figure_id, entry in self.figures.items():
            print(f"{entry['label']:<{width}}  {shown(self.folder / figure_id)}.png")
        count = f"{len(self.figures)} of {len(self.declared)} figures"
        print(f"{count} of {self.name}, {seconds:.1f} s")
        if missing := [i for i in self.declared if i not in self.figures]:
            raise MBHError(
                f"chapter {self.name} did not save {', '.join(missing)}, which it declares: "
                f"run the cells that do, or change {chapters.INDEX}"
            )


def open_chapter(
    name: str,
    *,
    profile: str = "quick",
    seed: int = 0,
    out: str | os.PathLike | None = None,
) -> Chapter:
    """Open the chapter that a notebook writes: tell what it runs with, and apply the plot style.

    Parameters
    ----------
    name : str
        The chapter's name, the beginning of it, or its number.
    profile : str, default "quick"
        Size of all that is computed, one of ``experiments.PROFILES``.
    seed : int, default 0
        Seed of what the chapter draws itself, from 0 to 2**63 - 1.
    out : path, optional
        Another folder for the figures than ``figures/<profile>``.

    Returns
    -------
    Chapter
        The object that saves the chapter's figures.

    Raises
    ------
    MBHError
        For an unknown chapter or profile, what is no seed, or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> chapter = open_chapter("3", seed=7, out=folder.name)  # doctest: +ELLIPSIS
    Chapter 03_specialization: Specialization
    python 3..., mbh_utils ..., torch ...
    profile quick on Digits 8×8; seed 7; ...
    figures go to ...
    >>> chapter.declared
    ('fig-4-1', 'fig-4-2', 'fig-4-3', 'fig-4-4', 'fig-4-5', 'toy-seeds', 'toy-blankets', 'fig-c-1')
    >>> folder.cleanup()
    """
    declared = chapters.declaration(name)
    profile = chapters.pick(profile, experiments.PROFILES, "profile")
    chapters.check_seed(seed)
    folder = require.folder("out", out) if out is not None else paths.figures_folder(profile)
    check_writable(folder)
    plots.use_style()
    data = ", ".join(map(datasets.title, experiments.PROFILES[profile].datasets))
    print(f"Chapter {declared.name}: {declared.title}")
    print(", ".join(f"{library} {version}" for library, version in provenance.versions().items()))
    print(f"profile {profile} on {data}; seed {seed}; {_device()}")
    print(f"figures go to {shown(folder)}")
    return Chapter(declared, profile, seed, folder)


def _device() -> str:
    """What torch computes on, in words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads > 1)}"


def _required(figure_id: str, what: str, text) -> str:
    """A figure's text on one line; MBHError if there is none."""
    if not isinstance(text, str) or not text.strip():
        raise MBHError(f"{figure_id} needs {what}")
    return " ".join(text.split())


#: Gives the picture shown just before this output the words below it as its alt text: JupyterLab
#: ignores the one in a picture's metadata.
_SET_ALT = """<script>(() => {
const output = document.currentScript.closest(".jp-OutputArea-child");
const picture = output?.previousElementSibling?.querySelector("img");
const words = output?.querySelector("details")?.lastChild;
if (picture && words) picture.alt = words.textContent;
})()</script>"""


def _show(content: bytes, figure_id: str, alt: str, caption: str) -> None:
    """Show a picture with its alt text, and below it its number, its caption, and the alt text.

    The picture goes out as plain PNG, once: in HTML that they do not trust, GitHub and others strip
    it. Its alt text stands in its metadata, which nbconvert's classic template reads, and folded
    below it. In a live JupyterLab a line of script gives it to the picture; executed copies, in
    which JupyterLab would not run it, are without.
    """
    number, bracket, thesis = chapters.label(figure_id).partition(" (")
    title = f"<b>{number}</b>{bracket}{thesis}" if thesis else f"<b>{number}</b>"
    look = 'class="mbh-caption mathjax_ignore" style="max-width: 60em; font-size: 90%"'
    words = f"<details><summary>In words</summary>{html.escape(alt)}</details>"
    script = "" if os.environ.get("MBH_STATIC") else _SET_ALT
    display.display(
        display.Image(content, format="png", alt=alt),
        display.HTML(f"<div {look}>{title}. {html.escape(caption)}{words}</div>{script}"),
    )


def _link_to(page) -> str:
    """What an executed chapter shows of an explorer; the reading copy puts the page in its place.

    The chapter lies in ``chapters/``, beside ``explore/``.
    """
    name = html.escape(page.name)
    link = f'<a href="../explore/{name}.html">{html.escape(page.title)}</a>'
    return (
        f'<p class="mbh-explorer" data-explorer="{name}">The explorer is a page of its own, which '
        f"needs no kernel: {link}.</p>"
    )


def _name_of(function: str | Callable) -> str:
    """A drawing function's full name; without one, the notebook cell that is executed."""
    if callable(function):
        return f"{function.__module__}.{function.__qualname__}"
    shell = get_ipython()
    return function or (f"cell In [{shell.execution_count}]" if shell else "script")
