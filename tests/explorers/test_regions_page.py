"""The explorer of activation regions: its sweep against the package's, and the page in a browser."""

import csv
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from browser import axe, chromium, needs_chromium, new_page, run_node, sideways

import mbh_utils as mbh
from mbh_utils import bounds
from mbh_utils.errors import MBHError
from mbh_utils.explorers import regions
from mbh_utils.explorers.packing import unpack

SQUARE = mbh.Plane.rectangle((-1, -1), (1, 1))


@pytest.fixture(scope="module")
def shown():
    return regions.for_profile("quick")


def told_layers(told: dict, moves=()) -> list:
    """Layers of a network of the page's data, with neurons moved: (neuron, bias, turn, on)."""
    layers = []
    for weight, bias in zip(told["weights"], told["biases"], strict=True):
        layers.append((unpack(weight).copy(), unpack(bias).copy()))
    ends = np.cumsum(told["widths"])
    for neuron, bias, turn, on in moves:
        layer = int(np.searchsorted(ends, neuron, side="right"))
        row = neuron - (int(ends[layer - 1]) if layer else 0)
        weight, biases = layers[layer]
        angle = np.deg2rad(turn)
        side = unpack(told["turns"][layer])[row]
        weight[row] = (np.cos(angle) * weight[row] + np.sin(angle) * side) * on
        biases[row] = bias if on else -1.0
    return layers


def plane_of(told: dict) -> mbh.Plane:
    corners = np.reshape(told["corners"], (-1, 2))
    return mbh.Plane.rectangle(corners.min(axis=0), corners.max(axis=0))


def plain(name: str, layers, plane=SQUARE) -> dict:
    """A network as node takes it: plain lists."""
    return {
        "name": name,
        "widths": [len(bias) for _, bias in layers],
        "weights": [np.ravel(weight).tolist() for weight, _ in layers],
        "biases": [np.ravel(bias).tolist() for _, bias in layers],
        "turns": [regions.turn_directions(np.asarray(w, float)).ravel().tolist() for w, _ in layers],
        "corners": plane.corners.ravel().tolist(),
    }


def random_layers(hidden, seed, density=1.0):
    network = mbh.Network(2, hidden, 2, seed=seed, bias_std=0.4)
    rng = np.random.default_rng(seed)
    masks = [rng.random(mask.shape) < density for mask in network.masks]
    network.set_masks(masks)
    return mbh.hidden_layers(network)


def texts(partition, widths) -> list[str]:
    """Patterns as the page writes them."""
    ends = np.cumsum(widths)[:-1]
    return [
        " ".join("".join(map(str, part.astype(int))) for part in np.split(row, ends))
        for row in partition.patterns
    ]


# ------------------------------------------------------------------------------------ Python's part


def test_the_page_holds_the_networks_and_what_the_package_counts(shown):
    for told in shown.data["networks"]:
        layers = told_layers(told)
        plane = plane_of(told)
        counted = [
            len(mbh.partition_input_space(layers[: depth + 1], plane))
            for depth in range(len(layers))
        ]
        assert told["counts"] == counted
        live = sum(np.count_nonzero(weight) + len(bias) for weight, bias in layers)
        assert told["parameters"] == live
    assert [told["counts"] for told in shown.data["networks"]][-1] == [4, 11, 20]
    assert len(shown.html) < 150_000


def test_the_networks_of_equal_size_are_as_the_page_says(shown):
    names = {told["name"]: told for told in shown.data["networks"]}
    dense = names["2-16-16, dense"]
    sparse = names["2-32-32, sparse: 320 parameters, too"]
    assert dense["parameters"] == sparse["parameters"] == 320
    pairs = [
        [len(mbh.partition_input_space(network, SQUARE, keep=())) for network in pair]
        for pair in map(regions.equal_pair, range(100))
    ]
    more = sum(many > few for few, many in pairs)
    assert f"in {more} of 100 such pairs" in sparse["note"]
    assert more > 80


def test_another_seed_gives_other_networks(shown):
    other = regions.for_profile("paper", seed=1)
    counts = [[told["counts"] for told in page.data["networks"]] for page in (shown, other)]
    assert counts[0][:-1] != counts[1][:-1] and counts[0][-1] == counts[1][-1]
    with pytest.raises(MBHError, match="profile"):
        regions.for_profile("huge")


def test_turn_directions_are_as_long_and_square_and_revive_nothing():
    weight = np.random.default_rng(0).normal(size=(40, 7)) * (
        np.random.default_rng(1).random((40, 7)) < 0.4
    )
    weight[0] = 1.0
    weight[1] = [0, 2.0, 0, 2.0, 0, 0, 0]
    side = regions.turn_directions(weight)
    turnable = (weight != 0).sum(axis=1) > 1
    assert turnable.any() and not turnable.all()
    np.testing.assert_allclose((weight * side).sum(axis=1), 0, atol=1e-12)
    lengths = [np.linalg.norm(rows[turnable], axis=1) for rows in (weight, side)]
    np.testing.assert_allclose(*lengths)
    assert not side[~turnable].any() and not side[weight == 0].any()


def linear_units():
    return [(np.ones((3, 2)), np.zeros(3), 1)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: ([],), "mapping of names to networks"),
        (lambda: ({},), "at least one"),
        (lambda: ({3: mbh.Network(2, (2,), 2)},), "name"),
        (lambda: ({"a": mbh.Network(3, (2,), 2)},), "'a' has 3 inputs"),
        (lambda: ({"a": mbh.Network(2, (100, 29), 2)},), "129 neurons"),
        (lambda: ({"a": mbh.Network(2, (2,) * 7, 2)},), "in 7 layers"),
        (lambda: ({"a": linear_units()},), "linear units"),
        (lambda: ({"a": mbh.Network(2, (2,), 2)}, {"b": SQUARE}), "planes names"),
        (lambda: ({"a": mbh.Network(2, (2,), 2)}, {"a": 3}), "plane of 'a'"),
        (
            lambda: (
                {"a": mbh.Network(2, (2,), 2)},
                SQUARE.with_domain([[0, 0], [1, 0], [0, 1]]),
            ),
            "no rectangle",
        ),
    ],
)
def test_what_no_page_can_show_is_refused(given, words):
    with pytest.raises(MBHError, match=words):
        regions.regions_page(*given())


def test_options_that_fit_no_network_are_refused():
    networks = {"a": mbh.Network(2, (2,), 2)}
    with pytest.raises(MBHError, match="start"):
        regions.regions_page(networks, start="b")
    with pytest.raises(MBHError, match="notes"):
        regions.regions_page(networks, notes={"b": "a sentence"})


# -------------------------------------------------------------------------------- the sweep in node

SWEEP = """
import { sweep, areaOf } from "./sweep.js";
import { layersOf, patternText } from "./neurons.js";
tell(given.networks.map((network) => {
  const stages = sweep(layersOf(network, new Map()), network.corners);
  return stages.slice(1).map(({ regions }) => regions.map(({ corners, states }) =>
    [patternText(states, network.widths), areaOf(corners)]));
}));
"""


def test_the_sweep_finds_what_the_package_finds(tmp_path):
    shapes = [(1,), (7,), (3, 3), (8, 8), (5, 4, 3), (12, 12), (6, 6, 6, 6), (16, 16)]
    given = [
        random_layers(hidden, seed, density)
        for hidden in shapes
        for seed in range(4)
        for density in (1.0, 0.5)
    ]
    given.append(random_layers((32, 32), 0))
    networks = [plain("", layers) for layers in given]
    found = run_node(SWEEP, tmp_path, networks=networks)
    n_regions = 0
    for layers, stages in zip(given, found, strict=True):
        widths = [len(bias) for _, bias in layers]
        for depth, stage in enumerate(stages, start=1):
            partition = mbh.partition_input_space(layers[:depth], SQUARE)
            areas = dict(zip(texts(partition, widths[:depth]), partition.areas, strict=True))
            assert len(stage) == len(partition)
            assert {pattern for pattern, _ in stage} == set(areas)
            differences = [abs(area - areas[pattern]) for pattern, area in stage]
            assert max(differences) < 1e-9
            assert sum(area for _, area in stage) == pytest.approx(4, rel=1e-9)
            n_regions += len(stage)
    assert n_regions > 5000


def test_the_sweep_of_cases_computed_by_hand(tmp_path):
    diagonal = [(np.array([[1.0, -1.0]]), np.zeros(1))]  # through two corners of the square
    star = [(np.array([[1, 0], [0, 1], [1, 1], [1, -1]], float), np.zeros(4))]  # one common point
    twice = [(np.array([[1, 0], [2, 0]], float), np.array([0.5, 1.0]))]  # the same line twice
    outside = [(np.array([[1, 0], [0, 0], [0, 0]], float), np.array([3.0, 1.0, 0.0]))]
    triangle = [(np.array([[1, 0], [0, 1], [1, 1]], float), np.array([0, 0, -1.0]))]
    big = mbh.Plane.rectangle((-5, -5), (5, 5))
    cases = [diagonal, star, twice, outside]
    networks = [plain("", layers) for layers in cases] + [plain("", triangle, big)]
    networks.append(plain("", regions.figure_3_2(), mbh.Plane.rectangle((-1, -1), (6, 6))))
    found = run_node(SWEEP, tmp_path, networks=networks)
    assert found[0] == [[["0", 2], ["1", 2]]]
    assert sorted(area for _, area in found[1][0]) == [0.5] * 8
    assert sorted(found[2][0]) == [["00", 1], ["11", 3]]
    assert found[3] == [[["110", 4]]]
    assert len(found[4][0]) == bounds.zaslavsky(3, 2) == 7
    assert min(area for _, area in found[4][0]) == pytest.approx(0.5)
    assert [len(stage) for stage in found[5]] == [4, 11, 20]


def test_straight_lines_in_general_position_reach_the_bound(tmp_path):
    rng = np.random.default_rng(5)
    far = mbh.Plane.rectangle((-1e4, -1e4), (1e4, 1e4))  # every two lines cross inside
    counts = (1, 2, 5, 9, 14)
    given = []
    for n in counts:
        angles = (np.arange(n) + rng.uniform(0.1, 0.9, n)) * np.pi / n
        given.append([(np.c_[np.cos(angles), np.sin(angles)], rng.normal(size=n))])
    networks = [plain("", layers, far) for layers in given]
    found = run_node(SWEEP, tmp_path, networks=networks)
    assert [len(stages[0]) for stages in found] == [bounds.zaslavsky(n, 2) for n in counts]


def test_the_bounds_are_those_of_the_package(tmp_path):
    script = """import { zaslavsky, serra } from "./sweep.js";
    tell([given.counts.map(zaslavsky), given.widths.map((widths) => serra(widths))]);"""
    counts = [0, 1, 2, 3, 16, 64]
    widths = [[1], [2, 2, 2], [3, 1, 7], [16, 16], [32, 32], [0, 4], [5, 6, 1, 6]]
    straight, deep = run_node(script, tmp_path, counts=counts, widths=widths)
    assert straight == [bounds.zaslavsky(n, 2) for n in counts]
    positive = [k for k, one in enumerate(widths) if min(one) > 0]
    assert [deep[k] for k in positive] == [bounds.serra(2, widths[k]) for k in positive]
    assert deep[5] == 1  # a layer that is all off passes nothing on


MOVES = """
import { sweep } from "./sweep.js";
import { layersOf, withMove, movesText, movesFrom } from "./neurons.js";
const network = given.network;
let stages = [];
tell(given.steps.map(([neuron, bias, turn, on, layer], k) => {
  let moves = k ? given.moves : new Map();
  moves = withMove(network, moves, neuron, { bias, turn, on });
  given.moves = moves;
  const layers = layersOf(network, moves);
  stages = sweep(layers, network.corners, stages, layer);
  const again = movesFrom(movesText(moves), network);
  const same = JSON.stringify([...again].sort()) === JSON.stringify([...moves].sort());
  const whole = sweep(layers, network.corners);
  return {
    counts: stages.map((stage) => stage.regions.length),
    afresh: whole.map((stage) => stage.regions.length),
    moves: [...moves].map(([i, m]) => [i, m.bias, m.turn, m.on]), same,
  };
}));
"""


def test_after_every_move_the_regions_are_those_of_the_moved_network(tmp_path):
    layers = random_layers((6, 5, 4), 3, density=0.8)
    network = plain("", layers)
    told = {
        **network,
        "weights": [regions.pack(np.asarray(weight)) for weight, _ in layers],
        "biases": [regions.pack(np.asarray(bias)) for _, bias in layers],
        "turns": [regions.pack(regions.turn_directions(np.asarray(w))) for w, _ in layers],
    }
    rng = np.random.default_rng(0)
    steps = []
    for _ in range(40):
        neuron = int(rng.integers(15))
        layer = 0 if neuron < 6 else 1 if neuron < 11 else 2
        bias = float(rng.normal() * 0.5)
        turn = float(rng.uniform(-180, 180))
        steps.append([neuron, bias, turn, int(rng.random() < 0.8), layer])
    found = run_node(MOVES, tmp_path, network=network, steps=steps)
    for step, one in zip(steps, found, strict=True):
        assert step[0] in [move[0] for move in one["moves"]] and one["same"]
        moved = told_layers(told, one["moves"])
        counted = [len(mbh.partition_input_space(moved[:depth], SQUARE)) for depth in (1, 2, 3)]
        assert one["counts"][1:] == one["afresh"][1:] == counted
    assert len({tuple(one["counts"]) for one in found}) > 20


HANDLES = """
import { nearestOn, atDistance, zaslavsky } from "./sweep.js";
import { biasThrough, turnThrough, layersOf, withMove, inputsAt, turned, placeOf }
  from "./neurons.js";
import { RegionsModel } from "./regions_model.js";
const model = new RegionsModel([given.network]);
const value = (neuron, [x, y]) => {
  const { layer, index } = placeOf(model.network, neuron);
  const { bias, turn } = model.now;
  const inputs = inputsAt(model.layers, layer, x, y);
  return turned(model.network, layer, index, turn).reduce((s, w, j) => s + w * inputs[j], bias);
};
model.open(0);
const told = [];
for (const [neuron, from, to, aside] of given.drags) {
  model.open(0);
  model.choose(neuron);
  model.shiftTo(from);
  model.shiftTo(to);
  model.sweep();
  const shifted = value(neuron, to);
  const held = model.holdLine();
  const onLine = Math.hypot(model.pivot[0] - to[0], model.pivot[1] - to[1]);
  const handle = atDistance(model.chosenLines, ...model.pivot, 0.3);
  const away = Math.hypot(handle.x - model.pivot[0], handle.y - model.pivot[1]);
  const off = nearestOn(model.chosenLines, handle.x, handle.y).distance;
  model.turnThrough(aside);
  model.sweep();
  const found = nearestOn(model.chosenLines, ...aside).distance;
  const kept = nearestOn(model.chosenLines, ...model.pivot).distance;
  told.push({ held, shifted, onLine, away, off, found, kept, reach: model.mostBias,
    bias: model.now.bias, turned: model.now.turn });
}
tell(told);
"""


def test_a_dragged_line_goes_where_it_is_dragged(tmp_path):
    rng = np.random.default_rng(2)
    layers = random_layers((6, 5, 4), 1)
    drags = []
    for neuron in range(15):
        drags.append([neuron, *rng.uniform(-0.9, 0.9, (3, 2)).tolist()])
    found = run_node(HANDLES, tmp_path, network=plain("", layers), drags=drags)
    kept = [one for one in found if one["held"]]
    assert len(kept) >= 12  # deeper neurons can be 0 around a point: no line goes through it
    for one in kept:
        assert abs(one["shifted"]) < 1e-4 and one["onLine"] < 2e-3
        assert one["off"] < 1e-9 and one["away"] < 2.9
        assert one["found"] < 5e-3 and one["kept"] < 5e-3
        assert abs(one["bias"]) <= one["reach"] and abs(one["turned"]) <= 180
    assert sum(abs(one["away"] - 0.3) < 1e-9 for one in kept) > 10


def test_a_line_is_one_list_of_points(tmp_path):
    script = """
    import { polylines } from "./sweep.js";
    import { RegionsModel } from "./regions_model.js";
    import { piecesOf } from "./regions_words.js";
    const model = new RegionsModel([given.network]);
    model.open(0);
    const length = (points) => {
      let sum = 0;
      for (let k = 2; k < points.length; k += 2) {
        sum += Math.hypot(points[k] - points[k - 2], points[k + 1] - points[k - 1]);
      }
      return sum;
    };
    const total = (lines) => lines.reduce((sum, points) => sum + length(points), 0);
    tell(model.lines.map((layer, l) => layer.map((lines, i) => ({
      lines: lines.length, pieces: piecesOf(lines), length: total(lines),
      chords: total(model.stages[l + 1].chords[i]), n: model.stages[l + 1].chords[i].length,
    }))));
    """
    found = run_node(script, tmp_path, network=plain("", random_layers((8, 8), 2)))
    first, second = found
    assert all(one["lines"] == one["pieces"] == 1 for one in first if one["n"])
    for one in first + second:
        assert one["length"] == pytest.approx(one["chords"], abs=1e-12)
        assert one["lines"] <= one["pieces"] <= one["n"]
    crossing = [one for one in second if one["n"]]
    assert max(one["pieces"] for one in crossing) > 2
    assert sum(one["lines"] for one in crossing) <= 2 * len(crossing)


def test_neighbours_never_have_the_same_colour(tmp_path):
    script = """
    import { colourOf } from "./neurons.js";
    const states = given.states;
    tell(states.map((_, i) => {
      const other = states.map((state, j) => (i === j ? 1 - state : state));
      return [colourOf(states), colourOf(other)];
    }));"""
    states = np.random.default_rng(0).integers(0, 2, 128).tolist()
    found = run_node(script, tmp_path, states=states)
    assert all(one != other for one, other in found)
    assert all(0 <= one < 24 and 0 <= other < 24 for one, other in found)


@pytest.mark.parametrize(
    "text", ["", "abc", "99*0*0*1", "-1*0*0*1", "0*x*0*1", "0*0*500*1", "0*0*0*2", "1.5*0*0*1"]
)
def test_an_address_that_makes_no_sense_moves_nothing(text, tmp_path):
    script = """import { movesFrom } from "./neurons.js";
    tell(movesFrom(given.text, given.network).size);"""
    network = plain("", random_layers((2, 2), 0))
    assert run_node(script, tmp_path, network=network, text=text) == 0


# ------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(shown, tmp_path_factory):
    return shown.save(tmp_path_factory.mktemp("page"))


@pytest.fixture
def show(browser, file):
    """A function that shows the page: show(fragment, width=..., dark=...)."""
    pages = []

    def opened(fragment="", **options):
        page = new_page(browser, **options)
        pages.append(page)
        page.goto(file.as_uri() + ("#" + fragment if fragment else ""))
        page.wait_for_selector("canvas[data-milliseconds]")
        return page

    yield opened
    for page in pages:
        assert page.errors == []
        assert len([url for url in page.requests if not url.startswith("blob:")]) == 1
        page.close()


def status(page) -> str:
    """The sentence on the numbers, after the frame that shows the last change."""
    frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(frames)
    return page.locator("p.status").first.inner_text()


def n_regions(page) -> int:
    return int(re.match(r"[\d,]+", status(page)).group().replace(",", ""))


def moves_of(page) -> tuple[int, int, list]:
    """Network, layers and moves that the address tells, once it is written."""
    page.wait_for_timeout(350)
    fragment = page.evaluate("location.hash")
    fields = dict(part.split("=") for part in fragment[1:].split("&"))
    moves = []
    for text in filter(None, fields["moves"].split("_")):
        neuron, bias, turn, on = map(float, text.split("*"))
        moves.append((int(neuron), bias, turn, int(on)))
    return int(fields["network"]) - 1, int(fields["layers"]), moves


def counted(shown, page) -> int:
    """What the package counts for the state that the page's address tells."""
    number, depth, moves = moves_of(page)
    told = shown.data["networks"][number]
    layers = told_layers(told, moves)[:depth]
    return len(mbh.partition_input_space(layers, plane_of(told)))


@needs_chromium
def test_every_network_is_counted_as_the_package_counts_it(show, shown):
    page = show()
    for number, told in enumerate(shown.data["networks"]):
        page.get_by_label("Network (two inputs").select_option(str(number))
        for depth, n in enumerate(told["counts"], start=1):
            page.get_by_label("Layers drawn").fill(str(depth))
            words = status(page)
            assert words.startswith(f"{n:,} regions (layer")
            assert words.endswith(f"Python counts {n:,}, too.")
            straight = bounds.zaslavsky(sum(told["widths"][:depth]), 2)
            assert f"at most {straight:,} (Zaslavsky)" in words
            if depth > 1:
                most = bounds.serra(2, told["widths"][:depth])
                assert f"at most {most:,} (Serra et al.)" in words
            cells = page.locator("tbody tr").last.locator("td").all_inner_texts()
            assert cells[1] == f"{n:,}" == cells[4]
            assert words in page.get_by_role("img").get_attribute("aria-label")


@needs_chromium
def test_the_keyboard_alone_does_everything(show, shown):
    page = show("network=2")
    before = n_regions(page)
    bias = page.get_by_label("Shift: bias b")
    bias.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert n_regions(page) == counted(shown, page) != before
    page.get_by_label("Turn the weights").focus()
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    assert n_regions(page) == counted(shown, page)
    assert moves_of(page)[2][0][2] == -25
    page.get_by_role("slider", name="Shift the line of layer 1, neuron 1").focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowUp")
    assert n_regions(page) == counted(shown, page)
    page.get_by_role("slider", name="Turn the line of layer 1, neuron 1").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert n_regions(page) == counted(shown, page)
    assert moves_of(page)[2][0][2] == -21
    neuron = page.get_by_label("Neuron", exact=True)
    neuron.focus()
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    assert neuron.input_value() == "9"
    page.get_by_role("button", name="Switch it off").focus()
    page.keyboard.press("Enter")
    assert "15 of 16 neurons switched on, 2 neurons moved or switched" in status(page)
    assert n_regions(page) == counted(shown, page)
    assert "is switched off" in page.locator("p.hint", has_text="layer 2, neuron 2").inner_text()
    page.get_by_role("button", name="Switch it on").press("Enter")
    page.get_by_role("button", name="Reset all").press("Enter")
    assert n_regions(page) == before and moves_of(page)[2] == []


@needs_chromium
def test_a_point_is_moved_by_the_keyboard_and_its_region_told(show, shown):
    page = show("network=2&x1=-0.6&x2=0.2")
    told = shown.data["networks"][1]
    partition = mbh.partition_input_space(told_layers(told), SQUARE)
    by_pattern = dict(zip(texts(partition, told["widths"]), partition.areas, strict=True))
    page.get_by_role("slider", name="Point whose region is told").focus()
    patterns = set()
    for _ in range(17):
        page.keyboard.press("Shift+ArrowRight")
        status(page)
        words = page.locator("p.status").nth(1).inner_text()
        place = re.match(r"At x₁ = (−?[\d.]+), x₂ = (−?[\d.]+): pattern ([01 ]+) \(", words)
        x1, x2 = (float(number.replace("−", "-")) for number in place.groups()[:2])
        assert x2 == 0.2
        states = mbh.activation_patterns(told_layers(told), [[x1, x2]])[0].astype(int)
        pattern = "".join(map(str, states[:8])) + " " + "".join(map(str, states[8:]))
        assert place.group(3) == pattern
        area = float(re.search(r"area ([\d.e-]+)", words).group(1))
        assert area == pytest.approx(by_pattern[pattern], rel=6e-3)
        patterns.add(pattern)
    assert len(patterns) > 4 and x1 == 1.0  # it stops at the border


@needs_chromium
def test_a_line_is_dragged_by_its_handle_and_by_itself(show, shown):
    page = show("network=2&neuron=3")
    box = page.locator("canvas").bounding_box()
    handle = page.get_by_role("slider", name="Shift the line").bounding_box()
    start = [handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2]
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 40, start[1] + 70, steps=6)
    page.mouse.up()
    assert n_regions(page) == counted(shown, page)
    ((neuron, bias, turn, _),) = moves_of(page)[2]
    x = -1 + 2 * (start[0] + 40 - box["x"] - 1) / (box["width"] - 2)
    y = 1 - 2 * (start[1] + 70 - box["y"] - 1) / (box["height"] - 2)
    weight = told_layers(shown.data["networks"][1])[0][0][neuron]
    assert neuron == 2 and turn == 0
    assert weight @ [x, y] + bias == pytest.approx(0, abs=1e-3)
    other = show("network=2&neuron=3&layers=1")
    before = other.get_by_role("slider", name="Shift the line").bounding_box()
    other.get_by_label("Neuron", exact=True).select_option("5")
    status(other)
    place = other.get_by_role("slider", name="Turn the line").bounding_box()
    other.get_by_label("Neuron", exact=True).select_option("2")
    status(other)
    assert other.get_by_role("slider", name="Shift the line").bounding_box() == before
    middle = [place["x"] + place["width"] / 2, place["y"] + place["height"] / 2]
    other.mouse.move(*middle)
    other.mouse.down()
    other.mouse.move(middle[0] + 20, middle[1] + 10, steps=4)
    other.mouse.up()
    assert n_regions(other) == counted(shown, other)
    assert len(moves_of(other)[2]) == 1


@needs_chromium
def test_the_address_brings_the_state_back(show, shown):
    fragment = "network=4&layers=2&neuron=20&moves=3*0.25*-40*1_20*0.1*0*0&x1=0.5&x2=-0.25"
    page = show(fragment)
    assert n_regions(page) == counted(shown, page) != shown.data["networks"][3]["counts"][1]
    assert page.get_by_label("Neuron", exact=True).input_value() == "19"
    assert "At x₁ = 0.50, x₂ = −0.25" in page.locator("p.status").nth(1).inner_text()
    page.wait_for_timeout(350)
    assert page.evaluate("location.hash") == "#" + fragment
    broken = show("network=77&layers=-3&neuron=x&moves=1*2&x1=9&x2=")
    assert "(layer 1 of 2" in status(broken)


@needs_chromium
def test_layers_are_stepped_and_played_but_not_where_motion_is_unwelcome(show, shown):
    counts = shown.data["networks"][2]["counts"]
    page = show("network=3")
    page.get_by_role("button", name="Step").click()
    assert n_regions(page) == counts[0]
    page.get_by_role("button", name="Step").click()
    assert n_regions(page) == counts[1]
    page.get_by_role("button", name="Play layer by layer").click()
    page.wait_for_function(f"document.querySelector('.status').textContent.startsWith('{counts[2]}')")
    page.get_by_role("button", name="Play layer by layer").wait_for()
    calm = show("network=3", calm=True)
    assert calm.get_by_role("button", name="Play layer by layer").count() == 0
    calm.get_by_role("button", name="Step").press("Enter")
    assert n_regions(calm) == counts[0]


@needs_chromium
def test_a_neuron_with_one_input_cannot_be_turned(show, shown):
    told = shown.data["networks"][4]
    weight = told_layers(told)[0][0]
    alone = int(np.flatnonzero((weight != 0).sum(axis=1) == 1)[0])
    page = show(f"network=5&neuron={alone + 1}")
    assert page.get_by_label("Turn the weights").is_disabled()
    assert "reads one input only" in page.locator(".regions-side").inner_text()
    assert page.get_by_role("slider", name="Turn the line").count() == 0


@needs_chromium
def test_numbers_and_picture_are_saved(show, shown):
    page = show("network=2&layers=2")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save numbers").click()
    rows = list(csv.DictReader(waiting.value.path().read_text().splitlines()))
    told = shown.data["networks"][1]
    partition = mbh.partition_input_space(told_layers(told), SQUARE)
    assert {row["pattern"] for row in rows} == set(texts(partition, told["widths"]))
    assert len(rows) == len(partition)
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save picture").click()
    assert waiting.value.path().read_bytes()[:4] == b"\x89PNG"


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1100, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(show, dark, width):
    page = show("network=6&neuron=40", dark=dark, width=width)
    assert axe(page) == []
    assert sideways(page) == 0
    pixels = "document.querySelector('canvas').getContext('2d').getImageData(0, 0, 300, 300).data"
    shades = np.array(page.evaluate(f"Array.from({pixels})")).reshape(-1, 4)[:, :3].mean()
    assert (shades < 128) == dark


@needs_chromium
@pytest.mark.parametrize("number", [4, 6])
def test_a_drag_is_found_and_painted_within_a_frame(show, number):
    page = show(f"network={number}&neuron=2")
    script = """async () => {
      const input = document.querySelector("input[type=range][min^='-'][step='0.01']");
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const taken = [];
      for (let k = 0; k < 60; k++) {
        input.value = -0.5 + k / 60;
        input.dispatchEvent(new Event("input"));
        await frame();
        await frame();
        taken.push(Number(document.querySelector("canvas").dataset.milliseconds));
      }
      return taken;
    }"""
    taken = page.evaluate(script)
    print(f"network {number}: median {np.median(taken)} ms, most {max(taken)} ms", json.dumps(taken))
    assert np.median(taken) < 10
