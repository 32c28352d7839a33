"""What tests of the runner share: cells of throw-away chapters, and a run that keeps its words."""

from mbh_utils.workbook import runner

SAVE = """
figure, ax = plt.subplots(figsize=(2, 2))
ax.plot([0, 1])
settings = {{"python": sys.executable, "seed": seed}}
words = {{"alt": "A line <rises>.", "caption": "By hand & <quick>."}}
chapter.save(figure, {figure!r}, **words, data=[0, 1], settings=settings)
"""


def save(figure="fig-1-1"):
    """A cell that draws and saves a figure."""
    return SAVE.format(figure=figure)


def nothing_to_prepare(*_, **__):
    raise AssertionError("no experiment was declared, so nothing should be prepared")


def run(**options):
    """Run the small workbook, collecting the lines it prints."""
    lines = []
    report = runner.run(echo=lines.append, **{"prepare": nothing_to_prepare, **options})
    report.told = "\n".join(lines)
    return report


def everything(folder):
    """File -> content, of all files below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
