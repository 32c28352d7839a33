"""The controls around the blanket explorer: what they choose is made, in a thread, errors in place.

In JupyterLab: see test_browser.py.
"""

import re
import threading

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.explorers import chooser as choosers
from mbh_utils.explorers.packing import unpack

DATA = mbh.load_dataset("digits8")


@pytest.fixture
def chooser():
    network = mbh.feed_forward(DATA, (12, 8))
    made = choosers.blanket_chooser("quick", network=network)
    assert made.controls
    return made


def made(chooser):
    """The chooser's page, once its thread is done."""
    chooser.start().join(120)
    assert not chooser.make.disabled and chooser.progress.layout.display == "none"
    return chooser.page


def test_every_control_has_a_name_and_says_what_there_is(chooser):
    named = [chooser.data, chooser.of, *chooser.images, chooser.shuffle, chooser.phenomenon]
    assert all(one.description for one in [*named, chooser.make])
    assert chooser.of.options[0] == ("my network", "my network")
    assert len(chooser.of.options) == 15
    assert any("trained first" in words for words, _ in chooser.of.options[1:])
    assert [one.value for one in chooser.images] == [0, 1, 9]


def test_what_is_chosen_is_made(chooser):
    chooser.images[1].value = 4
    page = made(chooser)
    plane = experiments.class_plane("digits8", (0, 4, 9), 0)
    regions = mbh.partition_input_space(chooser.network, plane)
    pattern = mbh.maximal_pattern(chooser.network, DATA.validation.of_class(9), 1.0)
    assert page.data["start"]["class"] == "9"
    areas = unpack(page.data["views"][0]["areas"])
    assert areas[9, -1] == pytest.approx(regions.blanket(pattern).area)
    assert 'role="status"' in chooser.told.value and "Made" in chooser.told.value
    assert chooser.shown.value == page._repr_html_()


def test_thumbnails_have_descriptions_and_follow_the_choice(chooser):
    def alts():
        return re.findall(r'alt="([^"]*)"', chooser.thumbnails.value)

    assert alts() == ["image of 0", "image of 1", "image of 9"]
    before = chooser.thumbnails.value
    chooser.shuffle.click()
    assert alts() == ["image of 0", "image of 1", "image of 9"]
    assert chooser.thumbnails.value != before and chooser.seed == 1
    chooser.images[0].value = 7
    assert alts()[0] == "image of 7"


def test_a_phenomenon_of_ones_own_comes_first(chooser):
    chooser.phenomenon.value = "label in (3, 5)"
    page = made(chooser)
    first = page.data["phenomena"][0]
    labels = DATA.validation.labels
    assert (first["key"], first["count"]) == ("label in (3, 5)", np.isin(labels, (3, 5)).sum())
    assert page.data["start"]["class"] == "label in (3, 5)"


def test_a_network_of_the_profile_comes_with_its_beginning(chooser, monkeypatch):
    run = experiments.run_of("quick", 10)
    monkeypatch.setattr(type(run), "trained", lambda self, store=None: self.initial())
    chooser.of.value = 10
    page = made(chooser)
    states = [(m["network"], m["state"]) for m in page.data["models"]]
    assert states == [("#10", "trained"), ("#10", "before training")]


@pytest.mark.parametrize(
    "condition, part",
    [("label in (", "is no condition"), ("99999", "there is no image 99999"), ("<b>", "&lt;b&gt;")],
)
def test_an_error_is_shown_in_place_and_the_next_try_works(chooser, condition, part):
    chooser.phenomenon.value = condition
    assert made(chooser) is None
    assert 'role="alert"' in chooser.told.value and part in chooser.told.value
    chooser.phenomenon.value = ""
    assert made(chooser) is not None and "alert" not in chooser.told.value


def test_a_network_that_does_not_fit_is_an_error_in_place():
    other = choosers.blanket_chooser("quick", network=[(np.eye(3), np.zeros(3))])
    assert made(other) is None and 'role="alert"' in other.told.value


def test_nothing_waits_and_progress_is_shown(chooser, monkeypatch):
    may_go_on = threading.Event()
    make_page = choosers.blanket_page

    def slow(*args, progress, **options):
        progress(0.5, "regions of something")
        assert may_go_on.wait(60)
        return make_page(*args, progress=progress, **options)

    monkeypatch.setattr(choosers, "blanket_page", slow)
    thread = chooser.start()
    while "regions of something" not in chooser.told.value:
        assert thread.is_alive()
    assert chooser.make.disabled and chooser.progress.layout.display == "flex"
    assert chooser.progress.value == pytest.approx(0.6)
    assert chooser.start() is thread, "one page at a time"
    may_go_on.set()
    assert made(chooser) is not None


def test_an_executed_chapter_has_no_widget(monkeypatch, capsys):
    monkeypatch.setenv("MBH_STATIC", "1")
    chooser = choosers.blanket_chooser("quick")
    chooser._ipython_display_()
    assert "JupyterLab" in capsys.readouterr().out and chooser._controls is None


def test_an_unknown_profile_is_an_error():
    with pytest.raises(MBHError, match="there is no profile"):
        choosers.blanket_chooser("huge")
