"""The training explorer: its data against the package, its page in node and in Chromium."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from browser import axe, chromium, needs_chromium, new_page, outside_requests, run_node, sideways

import mbh_utils as mbh
from mbh_utils import datasets
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import PROFILES, run_of
from mbh_utils.explorers import training
from mbh_utils.explorers.packing import unpack
from mbh_utils.explorers.rank_maps import COVERAGES, pixel_centres
from mbh_utils.explorers.region_maps import region_map
from mbh_utils.explorers.training import for_profile, networks_through, training_page

MOST_BYTES = 300_000
LOOKS = (0, 5, 40)


@pytest.fixture(scope="module")
def data():
    """Three classes of points with four inputs."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    images = np.clip(rng.normal(0.25 * (1 + labels[:, None]), 0.12, (120, 4)), 0, 1)
    classes = ["ant", "bee", "cat & <dog>"]
    return mbh.from_arrays(images, labels, images[:60], labels[:60], classes=classes)


@pytest.fixture(scope="module")
def networks(data):
    """One training at three checkpoints."""
    network = mbh.feed_forward(data, (20, 12), parameters=200, bias_std=0.3)
    seen = {0: network.copy()}
    for before, after in zip(LOOKS[:-1], LOOKS[1:], strict=True):
        mbh.train(network, data, iterations=after - before, batch_size=20, learning_rate=0.02)
        seen[after] = network.copy()
    return seen


@pytest.fixture(scope="module")
def plane(data):
    return mbh.Plane.through(data.validation.images[:3])


@pytest.fixture(scope="module")
def partitions(networks, plane):
    return {
        i: mbh.partition_input_space(n, plane, decision_boundary=True) for i, n in networks.items()
    }


@pytest.fixture(scope="module")
def page(networks, plane, data):
    names = [data.classes[c] for c in data.validation.labels[:3]]
    return training_page(networks, plane, data, spanning=names, caption="A toy.", pixels=120)


@pytest.fixture(scope="module")
def file(page, tmp_path_factory):
    return page.save(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


# ------------------------------------------------------------------ data


def test_every_class_and_coverage_is_that_of_the_package(page, networks, plane, data):
    shares = unpack(page.data["share"])
    constraints = unpack(page.data["constraints"])
    met = unpack(page.data["met"])
    assert page.data["labels"] == [0, 1, 2] and page.data["coverages"] == list(COVERAGES)
    assert shares.shape == constraints.shape == met.shape == (3, 3, len(COVERAGES))
    for step, network in enumerate(networks.values()):
        regions = mbh.partition_input_space(network, plane)
        for label in range(3):
            for k, coverage in enumerate(COVERAGES):
                samples = data.validation.of_class(label)
                pattern = mbh.maximal_pattern(network, samples, coverage)
                at = step, label, k
                assert constraints[at] == len(pattern)
                assert met[at] == pattern.coverage
                assert shares[at] == pytest.approx(regions.blanket(pattern).share, abs=1e-12)
    assert len(np.unique(shares)) > 20  # or little would have been tested


def test_counts_are_those_of_activation_regions(page, networks, plane):
    before = None
    for step, network in zip(page.data["steps"], networks.values(), strict=True):
        regions = mbh.partition_input_space(network, plane)
        patterns = {row.tobytes() for row in regions.packed}
        assert step["regions"] == len(patterns) == len(regions)
        assert step["kept"] == (None if before is None else len(patterns & before))
        before = patterns
    assert 0 < page.data["steps"][1]["kept"] < page.data["steps"][1]["regions"]


def test_accuracy_and_shares_of_classes(page, networks, partitions, data):
    for step, (i, network) in zip(page.data["steps"], networks.items(), strict=True):
        assert step["iteration"] == i
        assert step["accuracy"] == mbh.accuracy(network, data.validation)
        classes, areas = partitions[i].classes, partitions[i].areas
        expected = [areas[classes == c].sum() / areas.sum() for c in range(3)]
        assert step["won"] == pytest.approx(expected, abs=1e-6)
    assert page.data["history"] == [[s["iteration"], s["accuracy"]] for s in page.data["steps"]]


def test_pixels_show_the_network_s_own_patterns_and_classes(page, networks, plane, tmp_path):
    """Read by the page's script: same pattern, same number; hash, class and rank of the region."""
    side = page.data["side"]
    u, v = pixel_centres(plane, side)
    uv = np.column_stack([np.tile(u, side), np.repeat(v, side)])
    for step, network in zip(page.data["steps"], networks.values(), strict=True):
        runs = [unpack(step["map"][name]).tolist() for name in ("lengths", "kinds", "others")]
        repeated = unpack(step["repeats"]).tolist()
        script = """
        import { decodeMap } from "./runs.js";
        import { numbersOf } from "./maps.js";
        tell({ map: Array.from(decodeMap(...given.runs, given.side)),
               pattern: Array.from(numbersOf(given.repeated)) });
        """
        found = run_node(script, tmp_path, runs=runs, repeated=repeated, side=side)
        region = np.array(found["map"])
        images = plane.embed(uv)
        patterns = mbh.activation_patterns(network, images)
        number = np.array(found["pattern"])[region]
        pairs = {(n, p.tobytes()) for n, p in zip(number.tolist(), patterns, strict=True)}
        assert len(pairs) == len({n for n, _ in pairs}) == len({p for _, p in pairs})
        winner = unpack(step["winner"])[region]
        with torch.no_grad():
            logits = network(torch.tensor(images, dtype=torch.float32)).numpy()
        assert (winner == logits.argmax(axis=1)).mean() > 0.999


def test_ranks_give_the_regions_of_blankets(page, networks, partitions, data, tmp_path):
    script = 'import { inBlanket } from "./training.js";\n'
    script += "tell(given.asked.map(([ranks, n]) => Array.from(inBlanket(ranks, n))));"
    asked, expected = [], []
    for step, (i, network) in zip(page.data["steps"], networks.items(), strict=True):
        shown = region_map(partitions[i], page.data["side"]).regions
        for label, of_class in enumerate(unpack(step["ranks"])):
            for coverage in (0.5, 0.8, 1.0):
                pattern = mbh.maximal_pattern(network, data.validation.of_class(label), coverage)
                inside = np.zeros(len(partitions[i]), int)
                inside[partitions[i].blanket(pattern).regions] = 1
                asked.append([of_class.tolist(), len(pattern)])
                expected.append(inside[shown].tolist())
    assert run_node(script, tmp_path, asked=asked) == expected
    assert any(0 < sum(one) < len(one) for one in expected)


def test_input_that_makes_no_page_is_told(networks, plane, data):
    with pytest.raises(MBHError, match="1 checkpoints; a training is seen from two on"):
        training_page({0: networks[0]}, plane, data)
    with pytest.raises(MBHError, match="several shapes"):
        training_page({0: networks[0], 5: mbh.feed_forward(data, (12, 4))}, plane, data)
    with pytest.raises(MBHError, match="no accuracy of iteration 5"):
        training_page(networks, plane, data, history={0: 0.3})
    with pytest.raises(MBHError, match=r"networks\[5\]"):
        training_page({0: networks[0], 5: "network"}, plane, data)
    with pytest.raises(MBHError, match="plane"):
        training_page(networks, mbh.Line([0] * 4, [1, 0, 0, 0], low=0, high=1), data)


# ------------------------------------------------------------------ a profile's page


def test_a_profile_s_network_is_trained_once(tmp_path, monkeypatch):
    quick = replace(PROFILES["quick"], iterations=60)
    run = run_of(quick, training.SETUP)
    store = Store(tmp_path / "store")
    seen = networks_through(run, store)
    assert list(seen) == [0, 1, 2, 5, 10, 20, 50, 60]
    monkeypatch.setattr(training, "train_runs", lambda *given: pytest.fail("trained again"))
    again = networks_through(run, store)
    weights = [one[20].output.weight.tolist() for one in (seen, again)]
    assert weights[0] == weights[1] != seen[50].output.weight.tolist()
    page = for_profile(quick, store=store)
    assert len(page.html.encode()) < MOST_BYTES
    history = {i: share for i, share in page.data["history"]}
    assert history == run.history(store)


def test_the_page_of_profile_paper_is_committed_and_small(tmp_path, monkeypatch):
    if not datasets.describe("fashion_mnist")["found"]:
        pytest.skip("real fashion_mnist not found, whose checksum is part of the definition")
    monkeypatch.setattr(training, "train_runs", lambda *given: pytest.fail("trains a network"))
    page = for_profile("paper", store=Store(tmp_path / "empty"))
    assert len(page.html.encode()) < MOST_BYTES
    steps = page.data["steps"]
    assert len(steps) == 16 and steps[-1]["iteration"] == 50_000
    assert all(100 < step["regions"] < 2_000 for step in steps)


# ------------------------------------------------------------------ pure functions


def test_pure_functions(page, tmp_path):
    tables = {name: unpack(page.data[name]) for name in ("constraints", "met", "share")}
    script = """
    import { nearestStep } from "./training.js";
    import { alongAxis } from "./curves.js";
    import { coverageIndex, numbersAt, meanS, percent } from "./numbers.js";
    const steps = [0, 5, 40].map((iteration) => ({ iteration }));
    const shape = { classes: 3, coverages: given.coverages.length };
    tell({
      nearest: [-3, 2, 3, 22, 23, 1e9].map((i) => nearestStep(steps, i)),
      coverage: [0, 0.5, 0.899999, 1, 7].map((c) => coverageIndex(given.coverages, c)),
      numbers: numbersAt(given.tables, 2, 1, 30, shape), mean: meanS(given.tables, 1, 10, shape),
      axis: [0, 1, 10, 100, 1000].map((i) => alongAxis(i, 1000)), percent: percent(0.12345),
    });
    """
    flat = {name: values.ravel().tolist() for name, values in tables.items()}
    found = run_node(script, tmp_path, tables=flat, coverages=list(COVERAGES))
    assert found["nearest"] == [0, 0, 1, 1, 2, 2]
    assert found["coverage"] == [0, 0, 40, 50, 50]
    expected = {name: values[2, 1, 30].item() for name, values in tables.items()}
    assert found["numbers"] == {**expected, "s": 1 - expected["share"]}
    assert found["mean"] == pytest.approx((1 - tables["share"][1, :, 10]).mean(), abs=1e-12)
    assert found["axis"][0] == 0 and found["axis"][-1] == 1
    assert found["axis"] == sorted(set(found["axis"]))
    assert found["percent"] == "12.3\N{NO-BREAK SPACE}%"


# ------------------------------------------------------------------ in Chromium


def words_of(page, data, step: int, label: int, k: int) -> list[str]:
    """What the status must say, by the numbers of Python."""
    entry = page.data["steps"][step]
    share = unpack(page.data["share"])[step, label, k]
    n = unpack(page.data["constraints"])[step, label, k]
    found = [
        f"Iteration {entry['iteration']} (checkpoint {step + 1} of 3): {entry['regions']} acti",
        f"Validation accuracy {100 * entry['accuracy']:.1f} %",
        f"Class {label} ({data.classes[label]}) is predicted on {100 * entry['won'][label]:.1f} %",
        f"At c_P = {COVERAGES[k]:.2f} its maximal pattern has {n} constraint",
        f"its blanket covers {100 * share:.1f} %: s = {1 - share:.3f}.",
    ]
    found = [words.replace(" %", "\N{NO-BREAK SPACE}%") for words in found]
    return found + ([f", {entry['kept']} of their patterns were"] if step else [])


def drawing_time(tab) -> float:
    """Median milliseconds of a drawing, in the best of five rounds: machines of tests are busy."""
    return tab.evaluate(
        """() => {
          const { explorer } = document.getElementById("root");
          const timed = () => {
            const begin = performance.now();
            explorer.show();
            return performance.now() - begin;
          };
          const median = () => Array.from({ length: 21 }, timed).sort((a, b) => a - b)[10];
          return Math.min(...Array.from({ length: 5 }, median));
        }"""
    )


def goto(tab, file, fragment: str = ""):
    tab.goto("about:blank")
    tab.goto(file.resolve().as_uri() + (f"#{fragment}" if fragment else ""))
    tab.wait_for_selector(".status:not(:empty)")
    return tab


@needs_chromium
def test_status_says_python_s_numbers(browser, file, page, data):
    tab = new_page(browser)
    for step, label, k in [(0, 0, 0), (1, 2, 30), (2, 1, 50), (2, 2, 45)]:
        fragment = f"iteration={LOOKS[step]}&class={label}&coverage={COVERAGES[k]}&view=blanket"
        goto(tab, file, fragment)
        shown = tab.inner_text(".status")
        for words in words_of(page, data, step, label, k):
            assert words in shown
        assert shown in tab.get_attribute("canvas", "aria-label")
    assert tab.errors == []
    assert outside_requests(tab) == []


@needs_chromium
def test_it_is_one_file_without_errors(browser, file):
    tab = new_page(browser)
    goto(tab, file)
    files = [url for url in tab.requests if url.startswith("file:")]
    assert len(files) == 1 and outside_requests(tab) == [] and tab.errors == []


@needs_chromium
@pytest.mark.parametrize("view", ["regions", "classes", "blanket"])
def test_the_picture_has_the_colours_of_its_regions(browser, file, page, view):
    """Pixels of the blanket: as many as its exact share says; every view draws something."""
    tab = new_page(browser)
    goto(tab, file, f"iteration=40&view={view}&class=1&coverage=0.8")
    counted = tab.evaluate(
        """() => {
          const canvas = document.querySelector("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Map();
          for (let i = 0; i < data.length; i += 4) {
            const key = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
          return Object.fromEntries(seen);
        }"""
    )
    if view != "blanket":
        assert len(counted) > 5
        return
    share = unpack(page.data["share"])[2, 1, 30]
    inside = counted[str(0xF3CF7A)] + counted[str(0xA87400)]
    outside = counted[str(0xF1F1EE)]
    # Lines and marks hide some of both.
    assert inside / (inside + outside) == pytest.approx(share, abs=0.06)


@needs_chromium
def test_the_keyboard_does_everything(browser, file):
    tab = new_page(browser)
    goto(tab, file, "iteration=0")
    scrubber = tab.get_by_label("checkpoint:")
    scrubber.focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.status').textContent.startsWith('Iteration 5')")
    assert "iteration=5" in tab.url
    tab.keyboard.press("Tab")  # step back
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('.status').textContent.startsWith('Iteration 0')")
    tab.keyboard.press("Tab")  # step forward
    tab.keyboard.press("Space")
    tab.keyboard.press("Space")
    tab.wait_for_function(
        "document.querySelector('.status').textContent.startsWith('Iteration 40')"
    )
    tab.get_by_label("picture", exact=True).select_option("blanket")
    tab.get_by_label("class", exact=True).select_option("2")
    tab.get_by_label("minimum coverage").focus()
    tab.keyboard.press("End")
    tab.wait_for_function("location.hash.includes('coverage=1')")
    assert "view=blanket&class=2" in tab.url
    assert "Class 2 (cat & <dog>)" in tab.inner_text(".status")
    assert tab.errors == []


@needs_chromium
def test_the_slider_has_a_name_and_a_value(browser, file):
    tab = new_page(browser)
    goto(tab, file, "iteration=5")
    slider = tab.get_by_role("slider", name="checkpoint")
    assert slider.input_value() == "2" and slider.get_attribute("max") == "3"
    assert slider.get_attribute("data-lm-suppress-shortcuts") == "true"
    assert tab.get_by_role("img", name="Picture of the activation regions").count() == 1
    assert tab.get_by_role("img", name="Curves over iterations").count() == 1


@needs_chromium
def test_play_goes_to_the_end_and_is_not_offered_under_reduced_motion(browser, file):
    tab = new_page(browser)
    goto(tab, file, "iteration=40")
    tab.get_by_role("button", name="play").click()
    assert tab.get_by_role("button", name="pause").get_attribute("aria-pressed") == "true"
    tab.wait_for_function("document.querySelector('.status').textContent.startsWith('Iteration 0')")
    tab.wait_for_function(
        "document.querySelector('.status').textContent.startsWith('Iteration 40')"
    )
    tab.get_by_role("button", name="play").wait_for()
    still = new_page(browser, calm=True)
    goto(still, file)
    assert still.get_by_role("button", name="play").count() == 0
    assert "less motion" in still.inner_text("main")
    assert still.get_by_role("button", name="step back").count() == 1


@needs_chromium
def test_the_curves_can_be_clicked(browser, file):
    tab = new_page(browser)
    goto(tab, file, "iteration=40")
    box = tab.locator("svg.picture").bounding_box()
    tab.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.5 * box["height"])
    tab.wait_for_function("document.querySelector('.status').textContent.startsWith('Iteration 0')")


@needs_chromium
def test_numbers_and_picture_are_saved(browser, file, page):
    tab = new_page(browser)
    goto(tab, file, "iteration=5&class=1&coverage=0.8")
    with tab.expect_download() as given:
        tab.get_by_role("button", name="save numbers").click()
    rows = list(csv.DictReader(io.StringIO(given.value.path().read_text())))
    assert [int(row["iteration"]) for row in rows] == list(LOOKS)
    for row, share in zip(rows, unpack(page.data["share"])[:, 1, 30], strict=True):
        assert float(row["share"]) == share
        assert row["class"] == "bee" and float(row["c_P"]) == 0.8
    with tab.expect_download() as given:
        tab.get_by_role("button", name="save picture").click()
    assert given.value.path().read_bytes().startswith(b"\x89PNG")
    assert given.value.suggested_filename == "training-iteration-5-regions.png"


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1100, 390])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser, file, dark, width):
    tab = new_page(browser, width=width, dark=dark)
    goto(tab, file, "view=classes")
    assert axe(tab) == []
    assert sideways(tab) <= 0


@needs_chromium
def test_a_state_that_there_is_not_is_left_out(browser, file):
    tab = new_page(browser)
    goto(tab, file, "iteration=11&class=77&coverage=0.913&view=nothing")
    assert tab.inner_text(".status").startswith("Iteration 5 ")
    assert "c_P = 0.91 " in tab.inner_text(".status")
    assert "class=0" in tab.url and "view=regions" in tab.url
    assert tab.errors == []


@needs_chromium
def test_drawing_takes_less_than_ten_milliseconds(browser, tmp_path):
    """Of a picture as large as that of the profiles."""
    rng = np.random.default_rng(0)
    images = rng.random((60, 8))
    data = mbh.from_arrays(images, np.arange(60) % 3, images, np.arange(60) % 3)
    seen = {i: mbh.Network(8, (30, 12), 3, seed=i) for i in (0, 1)}
    file = training_page(seen, mbh.Plane.through(images[:3]), data).save(tmp_path)
    tab = new_page(browser)
    for view in ("regions", "classes", "blanket"):
        goto(tab, file, f"view={view}")
        assert drawing_time(tab) < 10, view
