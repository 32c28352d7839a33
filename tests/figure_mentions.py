"""Figures and tables that a text mentions: our own by our numbers, the thesis's as the thesis's."""

import re
from typing import NamedTuple

from mbh_utils.workbook import chapters

_NUMBER = r"[0-9A-E]\.\d+[a-z]?"
#: "Figure 5.3", "Figures 1.1, 4.6 and 6.5"; what stands before says whose they are.
_MENTION = re.compile(
    rf"(?P<thesis>\bthesis(?:'s|:)?\s+)?"
    rf"\b(?P<kind>Figure|Table)s?\s+(?P<numbers>{_NUMBER}(?:(?:,|,? and| to)\s+{_NUMBER})*)"
    r"(?P<bracket>\s+\(thesis:[^)]*\))?"
)
_SHORT = re.compile(r"\b(?:[Ff]igs?\b\.?\s*|(?:figures?|tables?)\s+)[0-9A-E]\.\d+[a-z]?")


class Mention(NamedTuple):
    """A figure that a text mentions."""

    text: str  # "Figure 5.3", with the thesis's in brackets where the text has it
    of_thesis: bool


def mentions(text: str) -> list[Mention]:
    """The figures and tables that a text mentions by their numbers."""
    plain = re.sub(r"\s+(?:[#>]\s+)?", " ", text)
    return [
        Mention(f"{found['kind']} {number}{found['bracket'] or ''}", bool(found["thesis"]))
        for found in _MENTION.finditer(plain)
        for number in re.findall(_NUMBER, found["numbers"])
    ]


def wrong_mentions(text: str) -> list[str]:
    """Mentions that lead nowhere: unknown numbers, other brackets than the label's, short forms."""
    labels = {chapters.own_label(each): chapters.label(each) for each in chapters.figure_index()}
    wrong = [found[0] for found in _SHORT.finditer(text)]
    for mention, of_thesis in mentions(text):
        own, bracket, _ = mention.partition(" (")
        if not of_thesis and (own not in labels or (bracket and labels[own] != mention)):
            wrong.append(mention)
    return wrong
