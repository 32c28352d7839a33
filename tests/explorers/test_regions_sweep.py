"""The sweep of the explorer of regions, in node: regions, lines and moves against the package."""

import numpy as np
import pytest
from browser import run_node
from moved_networks import SQUARE, plain, random_layers, texts, told_layers

import mbh_utils as mbh
from mbh_utils import bounds
from mbh_utils.explorers import regions

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
