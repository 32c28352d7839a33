"""The reading copy: executed chapters as web pages that need no kernel and no network.

``writing`` writes the whole copy, and is made of

``maths``    formulas in LaTeX as MathML, which browsers draw by themselves
``prose``    a chapter's Markdown as HTML
``outputs``  what cells displayed: pictures with their captions, tables, text, explorers
``cells``    a notebook as the parts of a page: prose, folded code, results
``links``    where links lead: to pages of the copy, to files of the repository, or nowhere
``pages``    parts set into a page, by nbconvert with the templates of this folder
"""

from mbh_utils.workbook.book.writing import write

__all__ = ["write"]
