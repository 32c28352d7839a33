"""The chapters: what each must write, the object it writes with, and what executes them.

Read in this order:

``chapters``    which chapters and figures there are, and how a word names one
``chapter``     the object that a notebook opens, saves its figures with, and finishes
``captions``    the caption of a figure, put together in one way
``provenance``  what a figure was made of, and the manifest that says so
``runner``      ``mbh figures``: choose what is stale, execute it, report
``book``        ``mbh book``: the executed chapters as web pages to read

and what the runner is made of: ``sources`` (the notebooks), ``parameters`` (their parameters
cells), ``freshness`` (what is stale), ``kernels`` and ``execution`` (a chapter in papermill) and
``folder`` (where the figures go).
"""
