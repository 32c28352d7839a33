"""Formulas in LaTeX as MathML, which browsers draw without any script."""

import html
import re

from latex2mathml.converter import convert

#: Letters set upright one by one, which together are a word such as "dense".
_UPRIGHT = re.compile(r'(?:<mi mathvariant="normal">[^<]+</mi>){2,}')
#: Names of functions, which as operators would stand apart from their arguments.
_FUNCTION = re.compile(r"<mo>([a-z]{2,})</mo>")
#: From this many signs on an inline formula may be wider than a phone, and scrolls by itself.
_LONG = 40


def mathml(latex: str, block: bool = False) -> str:
    """A formula as MathML.

    Parameters
    ----------
    latex : str
        The formula, without dollar signs.
    block : bool, default False
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``math`` element that keeps the LaTeX as its ``alttext``; long ones and those on a line
        of their own within a box that scrolls. What cannot be converted stays LaTeX, as ``code``.

    Examples
    --------
    >>> mathml("c_P")  # doctest: +ELLIPSIS
    '<math ... display="inline" alttext="c_P"><mrow><msub><mi>c</mi><mi>P</mi></msub></mrow></math>'
    """
    latex = " ".join(latex.split())
    try:
        formula = convert(latex, display="block" if block else "inline")
    except Exception:  # the library has a kind of error for each thing that it cannot read
        return f"<code>{html.escape(latex)}</code>"
    formula = _UPRIGHT.sub(_one_word, formula).replace("<mi>:</mi>", "<mo>:</mo>")
    formula = _FUNCTION.sub(r"<mi>\1</mi>", formula)
    formula = formula.replace(">", f' alttext="{html.escape(latex)}">', 1)
    if not block and len(latex) < _LONG:
        return formula
    kind = "formula block" if block else "formula"
    label = "Formula, scrolls sideways"
    return f'<span class="{kind}" tabindex="0" role="group" aria-label="{label}">{formula}</span>'


def _one_word(letters: re.Match) -> str:
    """Upright letters as one word, which MathML sets upright by itself."""
    return f"<mi>{''.join(re.findall(r'>([^<]+)<', letters[0]))}</mi>"


def latex_again(text: str) -> str:
    """HTML in which every formula is LaTeX again, to make plain text of it.

    Parameters
    ----------
    text : str
        HTML with the formulas of :func:`mathml`.

    Returns
    -------
    str
        The same with the ``alttext`` of each formula in its place.

    Examples
    --------
    >>> latex_again(f"Does {mathml('c_P')} matter?")
    'Does c_P matter?'
    """
    return re.sub(r'<math\b[^>]*alttext="([^"]*)"[^>]*>.*?</math>', r"\1", text, flags=re.DOTALL)
