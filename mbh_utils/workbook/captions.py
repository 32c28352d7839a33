"""The caption of a figure, put together in one way: data, counts, bands, and one message."""

from collections.abc import Iterable

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: What a table calls a domain -> how a caption says it.
DOMAINS = {
    "square": "in the square",
    "box": "in the input box",
    "triangle": "in the triangle of the three images",
}


def caption(
    message: str,
    *,
    data: str | Iterable[str] = (),
    models: int | None = None,
    planes: int | None = None,
    domain: str = "",
    band: str = "",
    bar: str = "",
) -> str:
    """The caption of a figure: what it was measured on, what its bands are, and what it tells.

    Parameters
    ----------
    message : str
        One sentence: what the figure tells. Where it states a result, compute it.
    data : str or iterable of str, default ()
        Names of the data sets, which stand there by their titles, or words of your own.
    models : int, optional
        Networks of each set-up.
    planes : int, optional
        Planes of each network.
    domain : str, default ""
        The part of the planes, as tables name it ("square", "box" or "triangle"), or words of your
        own.
    band, bar : str, default ""
        What the bands, or the bars, reach over: such as "smallest to largest model".

    Returns
    -------
    str
        One line; what is not given is left out.

    Raises
    ------
    MBHError
        If there is no message, the message has a formula (captions are plain text), a count is no
        whole number from 1 on, or a word is no text.

    Examples
    --------
    >>> caption(
    ...     "More neurons, more specialization",
    ...     data="fashion_mnist",
    ...     models=5,
    ...     planes=10,
    ...     domain="square",
    ...     band="smallest to largest model",
    ... )  # doctest: +NORMALIZE_WHITESPACE
    'Fashion-MNIST: 5 models × 10 planes in the square; bands: smallest to largest model.
    More neurons, more specialization.'
    >>> caption("Weights chosen by hand.")
    'Weights chosen by hand.'
    """
    message = _words("message", message)
    if not message:
        raise MBHError("message must say in one sentence what the figure tells, got no words")
    if "$" in message:
        raise MBHError("message has a formula in $...$: captions are plain text, say it in words")
    names = [data] if isinstance(data, str) else require.listed("data", data, "names of data sets")
    titles = " and ".join(datasets.title(name) for name in names if name != "")
    counts = " × ".join(
        _counted(what, number)
        for what, number in (("models", models), ("planes", planes))
        if number is not None
    )
    domain = _words("domain", domain)
    where = f"{counts} {DOMAINS.get(domain, domain)}".strip()
    ranges = [("bands", _words("band", band)), ("bars", _words("bar", bar))]
    measured = [": ".join(filter(None, (titles, where)))]
    measured += [f"{drawn}: {words.rstrip('.')}" for drawn, words in ranges if words]
    measured = "; ".join(filter(None, measured))
    return " ".join(_sentence(part) for part in (measured, message) if part)


def _sentence(text: str) -> str:
    """A text with a full stop, where none of its own ends it."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _words(name: str, text: str) -> str:
    """A text on one line."""
    return " ".join(require.kind_of(name, text, str, "text").split())


def _counted(what: str, number: int) -> str:
    """A number of things, in the singular for one."""
    number = require.whole(what, number, least=1)
    return f"{number:,} {what.removesuffix('s') if number == 1 else what}"
