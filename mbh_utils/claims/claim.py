"""What a claim is: a sentence, what is measured for it, a rule for the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from mbh_utils.claims.evidence import Evidence, Several
from mbh_utils.claims.rules import Rule

#: Tables by the names of their experiments, as far as they are there.
Tables = Mapping[str, pd.DataFrame]

#: Who claims it: the thesis, the papers that the lenses come from, and two sequels of the last.
THESIS = "Hätönen 2020"
LOCAL = "Hod et al. 2022"
TOPOLOGY = "Liu et al. 2020"
EVOLUTION = "Hartmann et al. 2021"
INDICATOR = "Fernández-Hernández et al. 2025"
SETTLING = "Pérez-Corral et al. 2026"
#: The papers of the lenses.
PAPERS = (LOCAL, TOPOLOGY, EVOLUTION, INDICATOR, SETTLING)
#: What this workbook says itself, from trials with one network or few: what s measures.
OURS = "this workbook"
#: The sources of claims in the order of the ledger.
SOURCES = (THESIS, *PAPERS, OURS)

#: How a value is written, by its unit.
UNITS = {
    "%": "{:.2f} %",
    "pp": "{:+.2f} pp",
    "s": "{:.3f}",
    "ds": "{:+.3f}",
    "share": "{:.1%}",
    "count": "{:,.0f}",
    "count of few": "{:.1f}",
    "degrees": "{:.2f} degrees",
    "hours": "{:.2g} h",
    "": "{:.3g}",
}


@dataclass(frozen=True)
class Claim:
    """One row of the ledger.

    Parameters
    ----------
    id : str
        Its id in the ledger.
    part : str
        What it is about, one of ``registry.PARTS``.
    claim : str
        What its source says, as one plain sentence in our words.
    thesis : str
        The number of the thesis, or of the paper, as printed; or its words.
    kind : str
        "number" or "trend".
    tables : tuple of str
        The experiments whose tables it needs.
    figure : str
        Id of the workbook's figure that shows it.
    rule : Rule or dict of str to Rule
        How the verdict follows; by the name of the part for a claim of several parts.
    measure : callable
        ``measure(tables)``, or ``measure(tables, domain)`` if ``domains``: the evidence, or a dict
        of evidences by the names of the claim's parts, or ``Several`` where there is a remark on
        the claim as a whole. It raises Unjudgeable where the tables are not enough.
    unit : str
        Which of ``UNITS`` its values have.
    domains : bool
        Whether it is measured on planes: judged in the square, and told in the input box as well.
    correction : str
        In what corrected form it is judged, where the thesis contradicts itself.
    why : callable or str
        Why it fails, as far as that was tested: a sentence, or a function of the tables that
        makes one. It is told only if the claim is not reproduced.
    source : str
        Who claims it, one of ``SOURCES``.
    """

    id: str
    part: str
    claim: str
    thesis: str
    kind: str
    tables: tuple[str, ...]
    figure: str
    rule: Rule | dict[str, Rule]
    measure: Callable[..., Evidence | dict[str, Evidence] | Several]
    unit: str = ""
    domains: bool = False
    correction: str = ""
    why: Callable[[Tables], str] | str = ""
    source: str = THESIS

    def rule_of(self, part: str) -> Rule:
        """The rule for one of its parts."""
        return self.rule[part] if isinstance(self.rule, dict) else self.rule

    def written(self, value: float) -> str:
        """A value in its unit."""
        return UNITS[self.unit].format(value)


@dataclass
class Part:
    """The claims of one source on one subject, in their order.

    Examples
    --------
    >>> from mbh_utils.claims.rules import Exact
    >>> part = Part("toy")
    >>> @part.claim("T-1", "Two and two are four.", "4", "number", (), "fig-3-2", Exact(4))
    ... def sum_of_two(tables): ...
    >>> [claim.id for claim in part.claims]
    ['T-1']
    """

    name: str
    claims: list[Claim] = field(default_factory=list)
    source: str = THESIS

    def claim(
        self,
        id: str,
        claim: str,
        thesis: str,
        kind: str,
        tables: tuple[str, ...],
        figure: str,
        rule: Rule | dict[str, Rule],
        **more,
    ) -> Callable:
        """Register the function below as the measure of a claim; arguments as of Claim."""

        def register(measure: Callable) -> Callable:
            judged = (id, self.name, claim, thesis, kind, tables, figure, rule, measure)
            more.setdefault("source", self.source)
            self.claims.append(Claim(*judged, **more))
            return measure

        return register
