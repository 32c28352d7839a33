"""The blanket explorer: its data against the package, its module in node, its page in Chromium."""

import json
import re

import numpy as np
import pytest
from browser import (
    SECONDS,
    axe,
    chromium,
    needs_chromium,
    new_page,
    opened,
    outside_requests,
    run_node,
    sideways,
)

import mbh_utils as mbh
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.explorers.blanket import TRAINED, UNTRAINED, blanket_page, for_profile
from mbh_utils.explorers.blanket_views import blanket_view, blanket_words
from mbh_utils.explorers.packing import unpack
from mbh_utils.explorers.rank_maps import COVERAGES
from mbh_utils.explorers.region_maps import ABOVE, ABOVE_RIGHT, NEW, OTHER, SAME

PIXELS = 430
NOTHING = Samples(np.zeros((0, 6)), np.zeros(0, int))
#: What the page's drawing takes where nothing else uses the machine is a third of this.
MOST_MILLISECONDS = 10


@pytest.fixture(scope="module")
def data():
    """Three classes of images of 3 x 2 pixels, the third without validation samples."""
    rng = np.random.default_rng(0)
    images = rng.random((90, 6))
    labels = np.arange(90) % 3
    images += labels[:, None] * [0.1, 0, -0.1, 0, 0.2, 0]
    images = np.clip(images, 0, 1)
    kept = labels < 2
    classes = ["ant", "bee & wasp", "</script>"]
    return mbh.from_arrays(
        images, labels, images[kept], labels[kept], classes=classes, image_shape=(3, 2)
    )


@pytest.fixture(scope="module")
def networks(data):
    return {name: mbh.feed_forward(data, (14, 9), seed=i) for i, name in enumerate("AB")}


@pytest.fixture(scope="module")
def planes(data):
    points = data.validation.images[[0, 1, 3]]
    box = mbh.Plane.through(points, domain="box", low=0, high=1)
    return {"square": mbh.Plane.through(points), "input box": box}


@pytest.fixture(scope="module")
def page(data, networks, planes):
    untrained = {"A": mbh.feed_forward(data, (14, 9), seed=7)}
    return blanket_page(networks, planes, data, untrained=untrained, shown=1, pixels=PIXELS)


@pytest.fixture(scope="module")
def file(page, tmp_path_factory):
    return page.save(tmp_path_factory.mktemp("pages"))


def states(page, networks, planes):
    """Number of each view, what the page calls it, and its network and plane."""
    shown = [("A", TRAINED), ("A", UNTRAINED), ("B", TRAINED)]
    assert [(m["network"], m["state"]) for m in page.data["models"]] == shown
    for i, (name, state) in enumerate(shown):
        for j, (domain, plane) in enumerate(planes.items()):
            if state == TRAINED:
                yield i * len(planes) + j, (name, state, domain), networks[name], plane


def decoded(view) -> np.ndarray:
    """The number of each pixel's group, as ``decodeMap`` of ``runs.js`` reads it."""
    runs = [unpack(view["map"][name]) for name in ("lengths", "kinds")]
    others = iter(unpack(view["map"]["others"]).tolist())
    side = view["side"]
    numbers = []
    n_new = 0
    for length, kind in zip(*(run.tolist() for run in runs), strict=True):
        if kind == NEW:
            number, n_new = n_new, n_new + 1
        elif kind == OTHER:
            number = next(others)
        else:
            number = numbers[{SAME: -1, ABOVE: -side, ABOVE_RIGHT: 1 - side}[kind]]
        numbers += [number] * length
    assert next(others, None) is None
    return np.array(numbers).reshape(side, side)


# ---------------------------------------------------------------- data


def test_every_class_and_coverage_of_every_view_is_exact(page, networks, planes, data):
    for number, _, network, plane in states(page, networks, planes):
        model = page.data["models"][number // 2]
        view = page.data["views"][number]
        regions = mbh.partition_input_space(network, plane)
        areas = unpack(view["areas"])
        lengths = unpack(model["lengths"])
        met = unpack(model["met"])
        ranks = unpack(view["ranks"])
        groups = decoded(view)
        in_domain = groups < ranks.shape[1]
        assert groups.shape == ((PIXELS,) * 2 if number % 2 == 0 else (PIXELS // 2,) * 2)
        assert view["regions"] == len(regions)
        for c, label in enumerate((0, 1)):
            patterns = mbh.maximal_patterns(network, data.validation.of_class(label), COVERAGES)
            for step, pattern in enumerate(patterns):
                blanket = regions.blanket(pattern)
                assert areas[c, step] == pytest.approx(blanket.area, abs=1e-9 * plane.area)
                assert (lengths[c, step], met[c, step]) == (len(pattern), pattern.coverage)
                inside = np.append(ranks[c] >= len(pattern), False)[groups]
                share = inside.sum() / in_domain.sum()
                assert share == pytest.approx(blanket.share, abs=0.006 if number % 2 else 0.003)


def test_points_have_the_group_and_the_area_of_their_region(page, networks, planes):
    for number, _, network, plane in states(page, networks, planes):
        regions = mbh.partition_input_space(network, plane)
        view = page.data["views"][number]
        predicted = unpack(view["predicted"])
        for point, region in zip(view["points"], regions.locate(plane.spanning), strict=True):
            assert point["area"] == pytest.approx(regions.areas[region], rel=1e-6)
        wanted = mbh.partition_input_space(network, plane, decision_boundary=True)
        classes = wanted.classes[wanted.locate(plane.spanning)]
        assert [predicted[p["group"]] for p in view["points"]] == classes.tolist()
    domain = page.data["domains"][0]
    assert domain["names"] == ["ant", "bee & wasp", "bee & wasp"]
    images = unpack(domain["images"]["pixels"])
    assert images.shape == (3, 6) and np.abs(images / 255 - plane.points).max() < 1 / 255


def test_own_phenomena_come_first_and_need_no_labels_of_the_data(networks, planes, data):
    own = data.validation.where(data.validation.images[:, 0] > 0.5)
    page = blanket_page(
        networks["A"], planes["square"], data, phenomena={"first pixel > 0.5": own}, pixels=9
    )
    first = page.data["phenomena"][0]
    assert (page.data["start"]["class"], first["count"]) == ("first pixel > 0.5", len(own))
    regions = mbh.partition_input_space(networks["A"], planes["square"])
    pattern = mbh.maximal_pattern(networks["A"], own, 0.8)
    area = unpack(page.data["views"][0]["areas"])[0, COVERAGES.index(0.8)]
    assert area == pytest.approx(regions.blanket(pattern).area)


def test_hidden_layers_alone_have_blankets_but_no_predicted_class(networks, planes, data):
    layers = mbh.hidden_layers(networks["A"])
    page = blanket_page(layers, planes["square"], data, pixels=9)
    assert page.data["views"][0]["predicted"] is None
    assert page.data["models"][0]["accuracy"] is None
    whole = blanket_page(networks["A"], planes["square"], data, pixels=9)
    areas = [unpack(p.data["views"][0]["areas"]) for p in (page, whole)]
    assert np.allclose(*areas, rtol=1e-9)


def test_what_is_done_is_told(networks, planes, data):
    told = []
    blanket_page(
        networks, planes, data, pixels=9, progress=lambda share, words: told.append((share, words))
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and (shares[0], told[-1]) == (0, (1, "done"))
    assert any("regions of B" in words for _, words in told)


@pytest.mark.parametrize(
    "change, part",
    [
        ({"shown": 2}, "class 2 has no validation samples; those that have: 0, 1"),
        ({"coverage": 0.3}, "goes from 0.5 to 1.0"),
        ({"networks": {}}, "networks is {}"),
        ({"planes": {"line": mbh.Line([0] * 6, [1, 0, 0, 0, 0, 0], 0, 1)}}, "as Plane.through"),
        ({"untrained": {"C": None}}, "'C', which is none of A, B"),
        ({"pixels": 0}, "pixels"),
        ({"data": 3}, "data"),
        (
            {"phenomena": {"none": Samples(np.zeros((0, 6)), np.zeros(0, int))}},
            "'none' has no samples",
        ),
    ],
)
def test_what_cannot_be_shown_is_an_error(networks, planes, data, change, part):
    given = {"networks": networks, "planes": planes, "data": data} | change
    with pytest.raises(MBHError, match=re.escape(part)):
        blanket_page(**given)


def test_page_of_profile_quick_is_small():
    page = for_profile("quick")
    assert len(page.html.encode()) < 150_000
    assert [d["name"] for d in page.data["domains"]] == ["square", "input box"]
    assert page.data["start"] | {"class": "9", "coverage": 0.9} == page.data["start"]


# ---------------------------------------------------------------- the module in node


def test_words_and_look_ups_equal_pythons(page, networks, planes, data, tmp_path):
    expected = []
    for number, (_, _, _), network, plane in states(page, networks, planes):
        regions = mbh.partition_input_space(network, plane)
        for c, label in enumerate((0, 1)):
            for step, coverage in enumerate(COVERAGES):
                view = blanket_view(network, regions, data.validation, label, coverage)
                words = blanket_words(view, data.classes[label])
                expected.append([number, c, step, words])
    script = """import { unpackView, rowAt, blanketWords, kindsAt, numbersOf }
      from "./blanket_lookup.js";
    import { paint, roomFor, INSIDE } from "./blanket_map.js";
    const { data, asked } = given;
    const found = [];
    const shares = [];
    const seen = {};
    for (const [number, phenomenon, step] of asked) {
      const [model, domain] = [number >> 1, number & 1];
      seen[number] ??= await unpackView(data, model, domain);
      const row = rowAt(data, seen[number], domain, phenomenon, step);
      found.push(blanketWords(data.phenomena[phenomenon], data.coverages[step], row));
      const kinds = kindsAt(data, seen[number], phenomenon, step);
      const room = roomFor(seen[number].size);
      paint(seen[number].map, kinds, { outside: 1, inside: 2, hatch: 2, outline: 3 }, room);
      let [inside, all] = [0, 0];
      for (const group of seen[number].map) {
        all += kinds[group] > 0;
        inside += kinds[group] === INSIDE;
      }
      shares.push([row.share, inside / all, new Set(room.pixels).size]);
    }
    tell({ found, shares, rows: numbersOf(data, seen[0], 0).length });"""
    told = run_node(script, tmp_path, data=page.data, asked=[e[:3] for e in expected])
    assert told["found"] == [e[3] for e in expected]
    for (number, *_), (share, of_pixels, n_colours) in zip(expected, told["shares"], strict=True):
        assert of_pixels == pytest.approx(share, abs=0.006 if number % 2 else 0.003)
        assert n_colours <= 4 and (n_colours >= 3 or not 0.001 < share < 0.999)
    assert told["rows"] == 2 * len(COVERAGES)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_numbers_are_written_as_python_writes_them(digits, tmp_path):
    rng = np.random.default_rng(digits)
    numbers = [0.0, 0.5, 1.0, 2.5, 86.25, 0.125, 88.25, 0.0625, 1e-5, 123456.0, 9.9996, 1e-12]
    numbers += (rng.random(300) * 10.0 ** rng.integers(-7, 7, 300)).tolist()
    numbers += (rng.integers(0, 4000, 200) / 16).tolist()
    script = """import { fixed, percent, general } from "./blanket_lookup.js";
    tell(given.numbers.map((x) => [fixed(x, given.digits), percent(x), general(x, 4)]));"""
    found = run_node(script, tmp_path, numbers=numbers, digits=digits)
    assert found == [[f"{x:.{digits}f}", f"{x:.1%}", f"{x:.4g}"] for x in numbers]


def test_an_address_with_nonsense_leads_to_what_there_is(page, tmp_path):
    script = """import { checkedState } from "./blanket_lookup.js";
    tell(given.asked.map((part) => checkedState(given.data, { ...given.data.start, ...part })));"""
    asked = [
        {"class": "7", "coverage": 9, "network": "Z", "state": "?", "domain": "?"},
        {"network": "B", "state": UNTRAINED},
        {"network": "A", "state": UNTRAINED, "coverage": 0.666, "domain": "input box"},
    ]
    first, second, third = run_node(script, tmp_path, data=page.data, asked=asked)
    assert first == page.data["start"] | {"coverage": 1}
    assert (second["network"], second["state"]) == ("B", TRAINED)
    assert third | {"state": UNTRAINED, "coverage": 0.67, "domain": "input box"} == third


# ---------------------------------------------------------------- the page in Chromium

FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def status(page) -> str:
    page.evaluate(FRAMES)
    return page.locator(".status").first.inner_text()


@needs_chromium
def test_keyboard_alone_does_everything(file, networks, planes, data):
    network = networks["A"]
    regions = mbh.partition_input_space(network, planes["square"])

    def words(label, coverage):
        view = blanket_view(network, regions, data.validation, label, coverage)
        return blanket_words(view, data.classes[label]) + "."

    with opened(file) as page:
        slider = page.get_by_role("slider", name="minimum coverage c_P")
        assert status(page) == words(1, 0.8)
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert status(page) == words(1, 0.81)
        page.keyboard.press("End")
        assert status(page) == words(1, 1.0) and slider.input_value() == "1"
        page.get_by_role("button", name="previous change").press("Enter")
        changed = float(slider.input_value())
        assert changed < 1 and status(page) == words(1, changed) != words(1, 1.0)
        page.get_by_label("class", exact=True).press("ArrowUp")
        assert status(page) == words(0, changed)
        page.get_by_role("button", name="start again").press("Enter")
        assert status(page) == words(1, 0.8)
        picture = page.get_by_role("img", name="Map of the square, network A, trained")
        assert words(1, 0.8) in picture.get_attribute("aria-label")
        said = page.locator("span[role=status]").first
        page.wait_for_timeout(600)
        assert said.inner_text() == words(1, 0.8)
        assert "class=1" in page.url and "coverage=0.8" in page.url
        assert page.errors == [] and outside_requests(page) == [] and len(page.requests) == 1


@needs_chromium
def test_places_are_looked_at_by_keyboard_and_pointer(file, page, planes):
    facts = page.data["views"][0]["points"]
    with opened(file) as shown:
        looked = shown.locator(".status").nth(1)
        for i, name in enumerate(("ant", "bee & wasp", "bee & wasp")):
            shown.get_by_role("button", name=f"spanning image {i + 1} ({name})").focus()
            shown.evaluate(FRAMES)
            text = looked.inner_text()
            assert text.startswith(f"Spanning image {i + 1} ({name}): predicted ")
            assert f"its activation region has area {facts[i]['area']:.3g}, " in text
        cross = shown.get_by_role("button", name="place to look at")
        cross.focus()
        before = cross.get_attribute("aria-label")
        shown.keyboard.press("Shift+ArrowUp")
        shown.evaluate(FRAMES)
        assert cross.get_attribute("aria-label") != before
        assert looked.inner_text().startswith("At (") and "at=" in shown.url
        shown.locator(".map canvas").hover(position={"x": 5, "y": 5})
        shown.evaluate(FRAMES)
        corner = planes["square"].low[0] + 0.01 * (planes["square"].high - planes["square"].low)[0]
        u = float(re.match(r"At \((.*?),", looked.inner_text())[1])
        assert u == pytest.approx(corner, abs=0.05)
        address = shown.url
        text = looked.inner_text()
        shown.goto("about:blank")
        shown.goto(address)
        shown.wait_for_selector(".status")
        assert status(shown) and looked.inner_text() == text


@needs_chromium
def test_network_state_and_part_of_the_plane_are_chosen(file, networks, planes, data):
    regions = mbh.partition_input_space(networks["B"], planes["input box"])
    view = blanket_view(networks["B"], regions, data.validation, 1, 0.8)
    with opened(file) as page:
        page.get_by_label("part of the plane").select_option("input box")
        page.get_by_label("network", exact=True).select_option("B")
        page.wait_for_selector('canvas[aria-label^="Map of the input box, network B, trained"]')
        assert status(page) == blanket_words(view, "bee & wasp") + "."
        now = page.locator("tr[aria-current]")
        assert now.inner_text().split("\t")[1:] == [
            str(len(view.pattern)),
            f"{view.pattern.coverage:.1%}",
            f"{view.share:.1%}",
            f"{view.s:.3f}",
        ]
        address = page.url
    with opened(file, fragment=address.partition("#")[2]) as page:
        page.wait_for_selector('canvas[aria-label^="Map of the input box, network B, trained"]')
        assert page.errors == []


@needs_chromium
def test_picture_and_numbers_are_saved(file, page, tmp_path):
    with opened(file) as shown:
        with shown.expect_download() as saved:
            shown.get_by_role("button", name="save numbers").click()
        assert saved.value.suggested_filename == "blanket-A-trained-square-all.csv"
        saved.value.save_as(tmp_path / "numbers.csv")
        with shown.expect_download() as saved:
            shown.get_by_role("button", name="save picture").click()
        saved.value.save_as(tmp_path / "picture.png")
        assert shown.errors == []
    lines = (tmp_path / "numbers.csv").read_text().splitlines()
    head = "network,state,domain,class,coverage,constraints,met,area,share,s"
    assert lines[0] == head and len(lines) == 1 + 2 * len(COVERAGES)
    areas = unpack(page.data["views"][0]["areas"])
    assert [float(line.split(",")[7]) for line in lines[1:]] == areas.ravel().tolist()
    from matplotlib.image import imread

    rows, columns = imread(tmp_path / "picture.png").shape[:2]
    assert columns == PIXELS < rows


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1100, 390])
def test_page_is_for_everyone(file, dark, width):
    with opened(file, width=width, height=900, dark=dark) as page:
        page.wait_for_selector(".marker")
        assert sideways(page) == 0
        assert axe(page) == []
        tree = page.locator("main").aria_snapshot()
        assert '- slider "minimum coverage c_P:": "0.8"' in tree
        assert page.errors == []


@needs_chromium
def test_drawing_fits_a_frame(data, tmp_path):
    """At 860 pixels, of three rounds the best median: a busy machine triples such times."""
    network = mbh.feed_forward(data, (60, 40), seed=1)
    plane = mbh.Plane.through(data.validation.images[[0, 1, 3]])
    file = blanket_page(network, plane, data).save(tmp_path)
    move = """async () => {
        const input = document.querySelector("input[type=range]");
        const times = [];
        for (let step = 0; step <= 50; step++) {
            input.value = 0.5 + step / 100;
            input.dispatchEvent(new Event("input"));
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            times.push(Number(document.getElementById("root").dataset.drawn));
        }
        return times;
    }"""
    with opened(file) as page:
        page.wait_for_selector(".marker")
        assert page.locator(".map canvas").get_attribute("width") == "860"
        medians = [np.median(page.evaluate(move)) for _ in range(3)]
    assert 0 < min(medians) < MOST_MILLISECONDS


@needs_chromium
def test_page_in_a_frame_of_a_notebook_works(page, tmp_path):
    """As JupyterLab shows it: as srcdoc, where there is no address to keep the state in."""
    outer = tmp_path / "outer.html"
    body = page._repr_html_()
    outer.write_text(f'<!doctype html><html lang="en"><title>Outer</title>{body}</html>')
    with chromium() as browser:
        shown = new_page(browser)
        shown.goto(outer.as_uri())
        frame = shown.frame_locator("iframe")
        slider = frame.get_by_role("slider")
        slider.focus(timeout=20 * SECONDS)
        before = frame.locator(".status").first.inner_text()
        shown.keyboard.press("Home")
        shown.evaluate(FRAMES)
        after = frame.locator(".status").first.inner_text()
        assert "c_P = 0.80" in before and "c_P = 0.50" in after
        assert shown.errors == []


def test_page_holds_its_data_however_classes_are_called(page):
    assert page.html.count("</script>") == 2
    found = re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)[1]
    assert json.loads(found)["classes"][2] == "</script>"
