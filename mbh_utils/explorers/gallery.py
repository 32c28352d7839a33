"""All explorers by their names, and the pages that ``mbh explore`` writes."""

import html
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

from mbh_utils import experiments
from mbh_utils.computing import require
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.experiments.profiles import Profile
from mbh_utils.explorers.web_page import ASSETS, Page

#: Names of the explorers, in the order of the chapters that show them: each is a module here.
NAMES = ("sparsity", "regions", "blanket", "training")

_INDEX = "index.html"
_STYLE = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr));
  gap: 1rem; padding: 0; list-style: none; }
.cards li { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.75rem 1rem; }
.cards h2 { margin-top: 0; }
a { color: var(--accent); }
"""


def page(name: str, profile: str | Profile = "quick", seed: int = 0) -> Page:
    """One of the workbook's explorers, as its chapter shows it.

    Parameters
    ----------
    name : str
        "sparsity" (chapter 1), "regions" (2), "blanket" (4) or "training" (5).
    profile : str or Profile, default "quick"
        Size of its networks: "quick" trains them at once; of "paper" they are part of the project.
    seed : int, default 0
        Which images span its plane.

    Returns
    -------
    Page
        As the last line of a cell it shows itself, and it goes on without a kernel.

    Raises
    ------
    MBHError
        For an unknown explorer or profile, or a seed that is none.

    Examples
    --------
    >>> from mbh_utils import widgets
    >>> widgets.page("blankets")
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: there is no explorer 'blankets'; there are sparsity, regions, \
blanket, training
    """
    if not isinstance(name, str) or name not in NAMES:
        raise MBHError(f"there is no explorer {require.shown(name)}; there are {', '.join(NAMES)}")
    size = experiments.profile_named(profile)
    seed = require.whole("seed", seed, 0)
    return importlib.import_module(f"mbh_utils.explorers.{name}").for_profile(size, seed)


def write_all(
    folder: Path,
    profile: str | Profile,
    seed: int = 0,
    *,
    echo: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write every explorer as a page of its own, and an index of them.

    Parameters
    ----------
    folder : Path
        Where to; made if it is not there.
    profile : str or Profile
        Size of their networks.
    seed : int, default 0
        Which images span their planes.
    echo : function, optional
        Called with a line about each page before it is made.

    Returns
    -------
    list of Path
        Their files, the index first.

    Raises
    ------
    MBHError
        As :func:`page`.
    """
    size = experiments.profile_named(profile)
    pages = []
    for name in NAMES:
        if importlib.util.find_spec(f"mbh_utils.explorers.{name}") is None:
            continue
        if echo is not None:
            echo(f"making {name}.html")
        pages.append(page(name, size, seed))
    files = [one.save(folder) for one in pages]
    with atomic(folder / _INDEX) as temporary:
        temporary.write_text(index_of(pages, size.name), encoding="utf-8")
    return [folder / _INDEX, *files]


def index_of(pages: list[Page], profile: str) -> str:
    """The page that leads to the others.

    Parameters
    ----------
    pages : list of Page
        They lie beside it.
    profile : str
        Size of their networks.

    Returns
    -------
    str
        HTML.
    """
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    cards = "\n".join(_card(one) for one in pages)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Explorers of the workbook</title>
<style>
{style}{_STYLE}</style>
</head>
<body>
<main>
<h1>Explorers of the workbook</h1>
<p class="about">Each is a page of its own that needs no kernel and no network: send it to somebody.
Networks of profile {html.escape(profile)}.</p>
<ul class="cards">
{cards}
</ul>
</main>
</body>
</html>
"""


def _card(one: Page) -> str:
    link = f'<a href="{html.escape(one.name)}.html">{html.escape(one.title)}</a>'
    return f"<li><h2>{link}</h2><p>{html.escape(one.about)}</p></li>"
