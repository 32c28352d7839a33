"""Controls around the blanket explorer, where Python must compute: what its page shows.

Data set, network, the images that span the plane and a phenomenon of one's own are chosen here;
"make" computes the next page in a thread of its own, so that nothing waits for it.
"""

import base64
import html
import io
import os
import threading
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import display
from PIL import Image

from mbh_utils import datasets, experiments
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments.networks_file import find_network
from mbh_utils.experiments.profiles import Profile, loaded
from mbh_utils.explorers.blanket import SPANNING_CLASSES, blanket_page
from mbh_utils.explorers.condition import EXAMPLES, samples_where
from mbh_utils.explorers.web_page import Page
from mbh_utils.regions.planes import Plane
from mbh_utils.workbook.chapter import STATIC

#: What the choice of one's own network is called.
OWN = "my network"
_THUMBNAIL = 84  # pixels along its longer side


class BlanketChooser:
    """Controls that choose what the blanket explorer shows; :func:`blanket_chooser` makes it.

    ``controls`` are the widgets, made when first asked for; ``page`` is what was made last.

    Parameters
    ----------
    profile : str or Profile, default "quick"
        Its data sets and set-ups can be chosen.
    network : network, optional
        One's own.
    seed : int, default 0
        Which images span the plane at first.
    """

    def __init__(self, profile: str | Profile = "quick", network=None, seed: int = 0):
        self.size = experiments.profile_named(profile)
        self.network = network
        self.seed = require.whole("seed", seed, 0)
        self.page: Page | None = None
        self._thread: threading.Thread | None = None
        self._controls: ipywidgets.VBox | None = None

    # ------------------------------------------------------------------------------------ controls

    @property
    def controls(self) -> ipywidgets.VBox:
        """The widgets. Made when first asked for, so that a static chapter has none."""
        if self._controls is None:
            self._controls = self._build()
        return self._controls

    def _build(self) -> ipywidgets.VBox:
        names = list(dict.fromkeys(reversed(self.size.datasets)))
        options = [(datasets.title(name), name) for name in names]
        self.data = ipywidgets.Dropdown(options=options, description="data set")
        self.of = ipywidgets.Dropdown(description="network")
        self.images = [ipywidgets.Dropdown(description=f"image {i + 1}") for i in range(3)]
        self.shuffle = ipywidgets.Button(
            description="shuffle", tooltip="other images of these classes"
        )
        self.thumbnails = ipywidgets.HTML()
        self.phenomenon = ipywidgets.Text(
            description="phenomenon",
            placeholder="empty: the classes alone",
            continuous_update=False,
            style={"description_width": "initial"},
        )
        hint = ipywidgets.HTML(f"<small>For example {html.escape(EXAMPLES)}</small>")
        self.make = ipywidgets.Button(description="make", button_style="primary")
        self.progress = ipywidgets.FloatProgress(min=0, max=1, layout={"display": "none"})
        self.told = ipywidgets.HTML()
        self.shown = ipywidgets.HTML(layout={"width": "100%"})
        self._fill()
        self.data.observe(lambda _: self._fill(), names="value")
        for one in self.images:
            one.observe(lambda _: self._show_images(), names="value")
        self.shuffle.on_click(self._shuffle)
        self.make.on_click(lambda _: self.start())
        wrap = {"flex_flow": "row wrap"}
        return ipywidgets.VBox(
            [
                ipywidgets.HBox([self.data, self.of], layout=wrap),
                ipywidgets.HBox([*self.images, self.shuffle], layout=wrap),
                self.thumbnails,
                ipywidgets.HBox([self.phenomenon, hint], layout=wrap),
                ipywidgets.HBox([self.make, self.progress, self.told], layout=wrap),
                self.shown,
            ]
        )

    def _fill(self) -> None:
        """Networks and classes of the data set that is chosen."""
        self._data = loaded(self.data.value)
        self.of.options = self._networks()
        self.of.value = self.of.options[0][1]
        labels = np.unique(self._data.validation.labels).tolist()
        for one, first in zip(self.images, (*SPANNING_CLASSES, *labels), strict=False):
            one.options = [(f"{c}: {self._data.classes[c]}", c) for c in labels]
            one.value = first if first in labels else labels[0]
        self._show_images()

    def _networks(self) -> list[tuple[str, Any]]:
        """One's own network, and the set-ups of the profile; those to be trained say so."""
        options: list[tuple[str, Any]] = [] if self.network is None else [(OWN, OWN)]
        for setup in self.size.setups:
            run = self._run(setup.number)
            widths = "-".join(map(str, setup.hidden))
            words = f"#{setup.number}: {widths}, {setup.parameters:,} parameters"
            settings = run.settings_at(run.recipe.iterations)
            later = "" if find_network(settings, Store()) else ", trained first"
            options.append((words + later, setup.number))
        return options

    def _run(self, number: int):
        return experiments.run_of(self.size, number, dataset=self.data.value)

    # -------------------------------------------------------------------------------------- images

    def _points(self) -> np.ndarray:
        """The three images that span the plane: of each class chosen, the one that the seed draws.

        Drawn as :func:`mbh_utils.experiments.class_plane` draws them.
        """
        rng = stream(self.seed, "planes")
        classes = self._classes()
        return np.stack([rng.choice(self._data.validation.of_class(c).images) for c in classes])

    def _classes(self) -> list[int]:
        """Classes of the three images; fewer while their lists are being filled."""
        values: list[Any] = [one.value for one in self.images]
        return [c for c in values if c is not None]

    def _shuffle(self, _button=None) -> None:
        self.seed += 1
        self._show_images()

    def _show_images(self) -> None:
        classes = self._classes()
        if len(classes) < len(self.images):
            return  # the lists are being filled
        pictures = []
        for c, image in zip(classes, self._points(), strict=True):
            name = html.escape(str(self._data.classes[c]))
            source = _png(image, self._data)
            drawn = "" if source is None else f'<img src="{source}" alt="image of {name}"> '
            pictures.append(f"<span>{drawn}{name}</span>")
        self.thumbnails.value = f'<div style="display: flex; gap: 1em">{"".join(pictures)}</div>'

    # -------------------------------------------------------------------------------------- making

    def start(self) -> threading.Thread:
        """Compute the page that is chosen, in a thread; what the button "make" does."""
        if self._thread is not None and self._thread.is_alive():
            return self._thread
        assert self.controls is not None
        self.make.disabled = True
        self.progress.layout.display = "flex"
        self._tell(0.0, "beginning")
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self._thread

    def _work(self) -> None:
        try:
            self.page = self._made()
            self.shown.value = self.page._repr_html_()
            self.told.value = '<div role="status">Made: see below.</div>'
        except Exception as error:  # whatever it was, it is told here: nobody reads a thread's
            kind = "" if isinstance(error, MBHError) else f"{type(error).__name__}: "
            words = html.escape(f"{kind}{error}")
            self.told.value = f'<div role="alert"><b>Not made.</b> {words}</div>'
        finally:
            self.progress.layout.display = "none"
            self.make.disabled = False

    def _tell(self, share: float, words: str) -> None:
        self.progress.value = share
        self.told.value = f'<div role="status">{html.escape(words)} ...</div>'

    def _made(self) -> Page:
        """The page that the controls choose."""
        text = self.phenomenon.value.strip()
        phenomena = {text: samples_where(text, self._data.validation)} if text else None
        planes = _planes(self._points(), self._data)
        untrained = None
        chosen: Any = self.of.value
        if chosen == OWN:
            name = OWN
            network = self.network
        else:
            run = self._run(chosen)
            name = f"#{chosen}"
            self._tell(0.05, f"network {name}")
            network = run.trained()
            untrained = {name: run.initial()}
        return blanket_page(
            {name: network},
            planes,
            self._data,
            untrained=untrained,
            phenomena=phenomena,
            shown=None if text else self._classes()[-1],
            progress=lambda share, words: self._tell(0.2 + 0.8 * share, words),
        )

    def _ipython_display_(self) -> None:
        if os.environ.get(STATIC):
            print("Controls that make other explorers work in JupyterLab (make lab).")
        else:
            display(self.controls)


def _planes(points: np.ndarray, data) -> dict[str, Plane]:
    """The plane through three images, with both parts of it."""
    return {
        "square": Plane.through(points),
        "input box": Plane.through(points, domain="box", low=data.low, high=data.high),
    }


def _png(image: np.ndarray, data) -> str | None:
    """An image of a data set as the address of a small picture; None where it has no shape."""
    shape = tuple(data.image_shape)
    if len(shape) < 2 or shape[0] * shape[1] != data.n_inputs:
        return None
    low = float(np.min(data.low))
    high = float(np.max(data.high))
    grey = np.clip((image.reshape(shape[:2]) - low) / (high - low), 0, 1) * 255
    scale = max(_THUMBNAIL // max(shape), 1)
    large = np.kron(np.rint(grey).astype(np.uint8), np.ones((scale, scale), np.uint8))
    content = io.BytesIO()
    Image.fromarray(large).save(content, "png")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def blanket_chooser(
    profile: str | Profile = "quick", *, network=None, seed: int = 0
) -> BlanketChooser:
    """Controls that choose data, network, images and phenomenon, and make a blanket explorer.

    Parameters
    ----------
    profile : str or Profile, default "quick"
        Its data sets and set-ups can be chosen.
    network : network, optional
        One's own, of as many inputs as the data set has: anything that
        :func:`mbh_utils.hidden_layers` understands.
    seed : int, default 0
        Which images span the plane at first; "shuffle" takes the next.

    Returns
    -------
    BlanketChooser
        As the last line of a cell it shows itself.

    Raises
    ------
    MBHError
        For an unknown profile, or a seed that is none. What goes wrong later is shown in place.

    Notes
    -----
    What it makes is the page of :func:`blanket_page`, which then needs no kernel.

    Examples
    --------
    >>> from mbh_utils import widgets
    >>> chooser = widgets.blanket_chooser("quick")
    >>> [one.description for one in chooser.controls.children[0].children]
    ['data set', 'network']
    """
    return BlanketChooser(profile, network, seed)
