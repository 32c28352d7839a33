"""What the reading copy is made of, piece by piece: formulas, prose, tables, outputs, links."""

import base64
import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mbh_utils.errors import MBHError
from mbh_utils.plots import png
from mbh_utils.workbook import book
from mbh_utils.workbook.book.cells import parts
from mbh_utils.workbook.book.links import Links, slug
from mbh_utils.workbook.book.maths import latex_again, mathml
from mbh_utils.workbook.book.outputs import Surroundings, shown
from mbh_utils.workbook.book.prose import Prose, plain
from mbh_utils.workbook.book.tables import tidied

CAPTION = (
    '<div class="mbh-caption mathjax_ignore" style="max-width: 60em"><b>Figure 1.1</b>. Digits: '
    "1 model.<details><summary>In words</summary>A line that rises.</details></div>"
)


@pytest.fixture
def picture():
    """Bytes of a small picture."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(1, 0.5), dpi=100)
    content = png.render(figure, "A line.", "Nothing yet.")
    plt.close(figure)
    return content


@pytest.fixture
def figures(tmp_path, picture):
    """A folder of figures with one picture and one explorer."""
    (tmp_path / "fig-1-1.png").write_bytes(picture)
    (tmp_path / "explore").mkdir()
    page = "<title>Blankets &amp; classes</title>"
    (tmp_path / "explore" / "blanket.html").write_text(page)
    return tmp_path


def displayed(**data):
    """An output with data by kind, such as text_html."""
    return new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})


def of_picture(content, **metadata):
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": "<Image>"}
    return new_output("display_data", data=data, metadata={"image/png": metadata})


# formulas


def test_a_word_set_upright_is_one_word():
    formula = mathml(r"n_1 (1 - \mathrm{density})")
    assert "<mi>density</mi>" in formula and "mathvariant" not in formula


def test_names_of_functions_keep_to_their_arguments():
    assert "<mi>max</mi>" in mathml(r"\max(0, a)")


def test_a_formula_of_its_own_line_scrolls_in_a_box():
    formula = mathml(r"R(a) = \{ x : f(x) > 0 \}", block=True)
    assert formula.startswith('<span class="formula block" tabindex="0"')
    assert 'display="block"' in formula and "<mo>:</mo>" in formula


def test_latex_is_kept_and_escaped():
    formula = mathml('a < b & "c"')
    assert 'alttext="a &lt; b &amp; &quot;c&quot;"' in formula
    assert plain(formula) == 'a < b & "c"'


@pytest.mark.parametrize("broken", [r"\frac{1}", r"\left( x", "x^"])
def test_what_is_no_formula_stays_as_it_is(broken):
    assert latex_again(mathml(broken)) in (broken, f"<code>{broken}</code>")


# prose


def test_headings_have_ids_of_their_own():
    prose = Prose()
    prose.html("# One\n\n## Below $c_P = 1$, *more*\n\n## Summary\n\n## Summary")
    ids = [heading.id for heading in prose.headings]
    assert ids == ["one", "below-c-p-1-more", "summary", "summary-2"]
    assert [heading.level for heading in prose.headings] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    "heading",
    ["$s$ tells how small", "Below $c_P = 1$ it need not", "2.5 How many, and how many are there?"],
)
def test_fragments_of_jupyter_lead_to_the_ids_of_headings(heading):
    from urllib.parse import quote

    prose = Prose()
    prose.html(f"## {heading}")
    assert slug(quote(heading.replace(" ", "-"))) == prose.headings[0].id


def test_tables_of_markdown_scroll_and_have_headers():
    table = Prose().html("| word | $s$ |\n|---|---|\n| one | 2 |")
    assert '<div class="scroll" tabindex="0" role="group" aria-label="Table">' in table
    assert table.count('<th scope="col"') == 2 and "<math" in table


def test_tables_in_quotations_are_tables():
    quoted = Prose().html("> The thesis:\n>\n> | a | b |\n> |---|---|\n> | one | 2 |")
    assert quoted.startswith("<blockquote>") and "<td>one</td>" in quoted


def test_a_formula_keeps_its_full_stop():
    assert '<span class="together"><math' in Prose().html("It is $s$.")
    assert "together" not in Prose().html("It is $s$ here.")


def test_details_of_markdown_stay():
    text = Prose().html("<details><summary>Answer</summary>\n\nIt is $s$.\n\n</details>")
    assert text.startswith("<details><summary>Answer</summary>") and "<math" in text


def test_dollars_in_code_are_no_formulas():
    assert Prose().html("`a $x$ b`") == "<p><code>a $x$ b</code></p>\n"


# tables


def test_headers_say_what_they_head():
    table = tidied(
        "<table border='1'><thead><tr style='text-align: right;'><th></th><th colspan=\"2\">s</th>"
        '</tr></thead><tbody><tr><th rowspan="2">a</th><th>b</th><td>1</td></tr></tbody></table>'
    )
    assert "<tr><td></td>" in table, "an empty header heads nothing"
    assert '<th colspan="2" scope="colgroup">s</th>' in table
    assert '<th rowspan="2" scope="rowgroup">a</th><th scope="row">b</th>' in table
    assert "border" not in table


def test_tables_of_words_read_from_the_left():
    sentence = "<table><tbody><tr><td>as small as can be</td></tr></tbody></table>"
    number = "<table><tbody><tr><td>12 %</td></tr></tbody></table>"
    assert 'class="words"' in tidied(sentence) and 'class="words"' not in tidied(number)


def test_a_table_is_called_by_its_caption():
    table = "<table><caption>Four &amp; <b>more</b></caption><tr><td>1</td></tr></table>"
    assert 'aria-label="Four &amp; more"' in tidied(table)


def test_what_runs_or_loads_is_left_out():
    text = tidied(
        '<p onclick="go()">a</p><script src="https://x.org/a.js">b</script><iframe>c</iframe>'
        '<img src="https://x.org/a.png"><link rel="stylesheet" href="https://x.org"><p>&lt;d</p>'
    )
    assert text == "<p>a</p><p>&lt;d</p>"


def test_coloured_cells_can_be_read():
    style = "<style type='text/css'>#T_1 {\n  background-color: #4292c6;\n  color: #f1f1f1;\n}"
    dark = style.replace("4292c6", "08306b")
    assert "color: #000000" in tidied(style + "</style>")
    assert "color: #ffffff" in tidied(dark + "</style>")
    assert tidied("<style scoped>th { color: red }</style><style>\n</style>") == ""


# outputs


def test_a_picture_lies_beside_the_page_and_keeps_its_words(figures, picture):
    outputs = [of_picture(picture, alt='A "line"'), displayed(text_html=CAPTION)]
    html = shown(outputs, Prose(), Surroundings(figures))
    assert html.startswith('<figure id="fig-1-1"><a class="picture" href="../fig-1-1.png"><img')
    assert 'alt="A &quot;line&quot;"' in html
    assert "<figcaption><b>Figure 1.1</b>" in html and "base64" not in html
    assert 'width="' in html and html.count("<figure") == 1


def test_a_picture_of_other_bytes_comes_inside_with_the_words_of_its_caption(tmp_path, picture):
    outputs = [of_picture(picture), displayed(text_html=CAPTION)]
    html = shown(outputs, Prose(), Surroundings(tmp_path))
    assert 'src="data:image/png;base64,' in html and 'alt="A line that rises."' in html
    assert "<a " not in html and " id=" not in html


def test_a_picture_with_its_words_in_one_output_is_the_same_figure(figures, picture):
    beside = Surroundings(figures)
    apart = [of_picture(picture, alt="A line"), displayed(text_html=CAPTION)]
    together = of_picture(picture, alt="A line")
    together.data["text/html"] = f"<img alt='A line' src='data:image/png;base64,x'>{CAPTION}"
    assert shown([together], Prose(), beside) == shown(apart, Prose(), beside)


def test_a_picture_inside_of_html_is_not_stored_twice(figures, picture):
    encoded = base64.b64encode(picture).decode()
    html = f'<p><img alt="A line" src="data:image/png;base64,{encoded}"></p>'
    found = shown([displayed(text_html=html)], Prose(), Surroundings(figures))
    assert found == '<p><img alt="A line" src="../fig-1-1.png"></p>'


def test_printed_prose_wraps_and_printed_columns_scroll(tmp_path):
    beside = Surroundings(tmp_path)
    prose = shown([new_output("stream", text="one <b> two\n")], Prose(), beside)
    columns = shown([new_output("stream", text="a   1\nbb  2\n")], Prose(), beside)
    assert prose == '<pre class="output">one &lt;b&gt; two</pre>'
    assert columns.startswith('<pre class="output columns" tabindex="0">a   1')
    assert shown([new_output("stream", text="\n")], Prose(), beside) == ""


def test_markdown_that_a_cell_displayed_is_prose(tmp_path):
    output = displayed(text_markdown="* $s$ grows", text_plain="<Markdown>")
    assert "<li><math" in shown([output], Prose(), Surroundings(tmp_path))


def test_an_explorer_stands_in_a_frame(figures):
    line = '<p class="mbh-explorer" data-explorer="blanket"><a href="../explore/blanket.html">x</a>'
    html = shown([displayed(text_html=f"{line}</p>")], Prose(), Surroundings(figures))
    frame = '<iframe src="../explore/blanket.html" title="Explorer: Blankets &amp; classes" '
    assert frame + 'loading="lazy"></iframe>' in html


def test_an_explorer_that_is_missing_says_how_it_is_made(figures):
    line = '<p class="mbh-explorer" data-explorer="gone"><a href="../explore/gone.html">x</a></p>'
    beside = Surroundings(figures)
    html = shown([displayed(text_html=line)], Prose(), beside)
    assert "make explore" in html and "<iframe" not in html and "<a " not in html
    assert beside.missing == ["gone"]


# cells


def test_cells_that_display_nothing_are_one_with_the_next(tmp_path):
    said = [new_output("stream", text="3")]
    cells = [
        new_markdown_cell("How many?"),
        new_code_cell("a = 1"),
        new_code_cell("print(a + 2)", outputs=said),
        new_code_cell("assert a == 1"),
        new_markdown_cell("Three."),
        new_code_cell("chapter.finish()", outputs=said),
    ]
    found = list(parts(new_notebook(cells=cells), Prose(), Surroundings(tmp_path)))
    assert [part.code for part in found] == [
        [],
        ["a = 1", "print(a + 2)"],
        ["assert a == 1"],
        [],
        ["chapter.finish()"],
    ]
    assert [part.is_housekeeping for part in found][-2:] == [False, True]
    assert [part.summary for part in found[1:3]] == ["Code", "Code: checks of what is said"]


@pytest.mark.parametrize(
    "text, predicted",
    [
        ("**Before you run the next cells:** how many?", [True]),
        ("**Predict, then run.** How many?", [True]),
        ("Predict, then run. How many?\n\n<details><summary>Answer</summary>3</details>", []),
        ("<details>Old answer</details> **Predict, then run.** And now?", [True]),
        ("What to notice.", []),
    ],
)
def test_results_to_predict_are_one_up_to_the_next_text(tmp_path, text, predicted):
    said = [new_output("stream", text="3")]
    one, two, three = (new_code_cell(f"print({n})", outputs=said) for n in (1, 2, 3))
    cells = [new_markdown_cell(text), one, two, new_markdown_cell("Three."), three]
    found = list(parts(new_notebook(cells=cells), Prose(), Surroundings(tmp_path)))
    assert [part.predicted for part in found if part.predicted] == predicted
    assert [part.code for part in found][1] == ["print(1)"] + ["print(2)"] * len(predicted)
    assert sum(part.results.count("<pre") for part in found) == 3


# links


@pytest.fixture
def links(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("read")
    (tmp_path / "book").mkdir()
    ids = {"index": {"chapters"}, "01_sparsity": {"summary", "fig-2-1"}}
    return Links(ids, tmp_path / "book", [tmp_path / "notebooks"])


@pytest.mark.parametrize(
    "target, words, found",
    [
        ("https://arxiv.org/abs/1906.00904", "", "https://arxiv.org/abs/1906.00904"),
        ("01_sparsity.ipynb", "", "01_sparsity.html"),
        ("../notebooks/01_sparsity.ipynb#Summary", "", "01_sparsity.html#summary"),
        ("01_sparsity.ipynb#No-such-heading", "", "01_sparsity.html"),
        ("01_sparsity.ipynb", "Figure 1.1", "01_sparsity.html#fig-2-1"),
        ("#chapters", "", "#chapters"),
        ("#nowhere", "", None),
        ("../README.md#The-chapters", "", "../README.md#The-chapters"),
        ("../GONE.md", "", None),
        ("04_mbh.ipynb", "", None),
        ("../explore/index.html", "", None),
        ("index.html", "", "index.html"),
    ],
)
def test_where_a_link_leads(links, target, words, found):
    assert links.target("index", target, words) == found


def test_words_of_a_link_that_leads_nowhere_stay(links):
    text = links.resolved("index", '<p><a href="gone.md" title="x">More <b>here</b></a></p>')
    assert text == "<p>More <b>here</b></p>" and links.dropped == ["gone.md"]


def test_pictures_of_the_text_are_found_and_none_is_asked_of_others(links, tmp_path):
    (tmp_path / "drawing.png").write_bytes(b"")
    text = Prose().html("![A drawing](../drawing.png) ![Far off](https://x.org/a.png)")
    found = links.resolved("index", text)
    assert '<img src="../drawing.png" alt="A drawing"' in found
    assert found.endswith("Far off</p>\n") and links.dropped == ["https://x.org/a.png"]


# the run


def executed(folder, name, *cells):
    (folder / "chapters").mkdir(parents=True, exist_ok=True)
    notebook = new_notebook(cells=list(cells))
    (folder / "chapters" / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def test_without_executed_chapters_it_says_what_to_run_first(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    words = "no executed chapters of profile quick .* run make figures PROFILE=quick first"
    with pytest.raises(MBHError, match=words):
        book.write("quick")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_chapter_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    executed(tmp_path / "quick", "01_sparsity")
    (tmp_path / "quick" / "chapters" / "01_sparsity.ipynb").write_text("{")
    with pytest.raises(MBHError, match="01_sparsity.ipynb is not a notebook that can be read"):
        book.write("quick", echo=lambda line: None)


def test_a_damaged_picture_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    cell = new_code_cell("1", outputs=[new_output("display_data", data={"image/png": "iVBOR"})])
    executed(tmp_path / "quick", "01_sparsity", cell)
    with pytest.raises(MBHError, match="picture that cannot be read .*--chapter 1 --force"):
        book.write("quick", echo=lambda line: None)


@pytest.mark.parametrize(
    "output, words",
    [
        (
            new_output("error", ename="E", evalue="x", traceback=["\x1b[31mE\x1b[0m <x>"]),
            "&lt;x&gt;",
        ),
        (displayed(text_latex="$$x^2$$", text_plain="x"), "<msup>"),
        (displayed(text_plain="a Slider"), '<pre class="output">a Slider</pre>'),
        (new_output("display_data", data={"image/svg+xml": "<svg/>"}), 'alt="A drawing"'),
    ],
)
def test_other_outputs_are_shown_as_well(tmp_path, output, words):
    assert words in shown([output], Prose(), Surroundings(tmp_path))


def test_a_copy_of_one_chapter_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    text = "# Chapter 1. Sparse\n\nSee [chapter 2](02_activation_regions.ipynb) [and](gone.md)."
    explorer = displayed(text_html='<p class="mbh-explorer" data-explorer="sparsity">x</p>')
    cells = [new_markdown_cell(text), new_code_cell("1", outputs=[explorer])]
    executed(tmp_path / "quick", "01_sparsity", *cells)
    lines = []
    made = book.write("quick", echo=lines.append)
    assert {path.name for path in made.files} == {"01_sparsity.html", "index.html"}
    assert "02_activation_regions" in made.missing and made.dropped == ["gone.md"]
    assert any(line.startswith("not in it") for line in lines)
    assert "links without a target, whose words stay: gone.md" in lines
    assert "explorers that are not there (make explore PROFILE=quick): sparsity" in lines
    page = (made.folder / "01_sparsity.html").read_text(encoding="utf-8")
    assert 'notebooks/02_activation_regions.ipynb">chapter 2</a> and.' in page, "its source"
    assert 'rel="next"' not in page


def test_explorers_are_linked_from_the_first_page(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    executed(tmp_path / "quick", "01_sparsity", new_markdown_cell("# Chapter 1. Sparse\n\nText."))
    (tmp_path / "quick" / "explore").mkdir()
    for name in ("index", "blanket"):
        page = tmp_path / "quick" / "explore" / f"{name}.html"
        page.write_text(f"<title>The {name}</title>")
    made = book.write("quick", echo=lambda line: None)
    index = (made.folder / "index.html").read_text(encoding="utf-8")
    assert '<a href="../explore/blanket.html">The blanket</a>' in index
    assert '<a href="../explore/index.html">' in index and "The index" not in index
