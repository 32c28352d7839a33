// The state of the explorer of activation regions: a network, its moves, and what follows of them.
import { sweep, polylines, nearestOn } from "./sweep.js";
import { placeOf, firstOf, moveOf, withMove, layersOf } from "./neurons.js";
import { inputsAt, turned, biasThrough, turnThrough, wrapped, biasReach, dot } from "./neurons.js";
import { boxOf, piecesOf } from "./regions_words.js";

/** Networks of which one is shown up to some layer, and of which one neuron is moved. */
export class RegionsModel {
  /** refresh() is called after every change, before its regions are found. */
  constructor(networks, refresh = () => {}) {
    this.networks = networks;
    this.refresh = refresh;
  }

  get network() { return this.networks[this.shown]; }

  get regions() { return this.stages[this.depth].regions; }

  /** The polylines of the chosen neuron. */
  get chosenLines() {
    const { layer, index } = placeOf(this.network, this.neuron);
    return this.lines[layer]?.[index] ?? [];
  }

  /** The chosen neuron as it is now: {bias, turn, on}. */
  get now() { return moveOf(this.network, this.moves, this.neuron); }

  /** Another network as it is stored, or with the moves, depth and neuron that are given. */
  open(number, given = {}) {
    this.shown = number;
    this.corners = this.network.corners;
    this.box = boxOf(this.corners);
    this.size = Math.max(this.box.right - this.box.left, this.box.top - this.box.bottom);
    this.moves = given.moves ?? new Map();
    this.depth = given.depth ?? this.network.widths.length;
    const { left, right, bottom, top } = this.box;
    this.point = [left + 0.15 * (right - left), bottom + 0.2 * (top - bottom)];
    this.changed(0);
    this.neuron = 0;
    this.sweep();
    this.choose(given.neuron ?? this.mostBent());
  }

  /** The neuron of the last layer drawn whose line has the most straight pieces. */
  mostBent() {
    const pieces = this.lines[this.depth - 1].map(piecesOf);
    return firstOf(this.network, this.depth - 1) + pieces.indexOf(Math.max(...pieces));
  }

  /** From this layer on everything is to be found again. */
  changed(layer) {
    this.layers = layersOf(this.network, this.moves);
    this.firstChanged = Math.min(this.firstChanged ?? Infinity, layer);
    this.refresh();
  }

  /** Finds all regions and lines up to the depth that is drawn, from the first change on. */
  sweep() {
    const first = this.firstChanged ?? Infinity;
    const before = first === 0 ? [] : this.stages;
    const kept = first === 0 ? 0 : Math.min(first, before.length - 1);
    this.stages = sweep(this.layers.slice(0, this.depth), this.corners, before, kept);
    this.lines = (this.lines ?? []).slice(0, kept);
    for (let l = this.lines.length; l + 1 < this.stages.length; l++) {
      this.lines.push(this.stages[l + 1].chords.map((chords) => polylines(chords, this.size)));
    }
    this.firstChanged = undefined;
  }

  /** Another neuron is chosen, with a point of its line near the middle for its handle. */
  choose(neuron) {
    this.neuron = neuron;
    const { layer } = placeOf(this.network, neuron);
    this.depth = Math.max(this.depth, layer + 1);
    this.sweep();
    const { left, right, bottom, top } = this.box;
    this.pivot = [(left + right) / 2, (bottom + top) / 2];
    const reach = biasReach(this.network, neuron, this.stages[layer].regions, this.layers);
    this.mostBias = Math.max(reach, Math.ceil(Math.abs(this.now.bias) * 20) / 20);
    this.holdLine();
    this.refresh();
  }

  /** Layers up to this one are drawn. */
  setDepth(depth) {
    this.depth = Math.min(this.network.widths.length, Math.max(1, depth));
    const hidden = placeOf(this.network, this.neuron).layer >= this.depth;
    this.choose(hidden ? firstOf(this.network, this.depth - 1) : this.neuron);
  }

  /** Puts the pivot onto the chosen line: whether there is one. */
  holdLine() {
    const on = nearestOn(this.chosenLines, ...this.pivot);
    if (on) this.pivot = [on.x, on.y];
    this.held = Boolean(on);
    return this.held;
  }

  /** Changes the chosen neuron. */
  move(change) {
    this.moves = withMove(this.network, this.moves, this.neuron, change);
    this.changed(placeOf(this.network, this.neuron).layer);
  }

  /** Shifts the chosen neuron's line through a point, which becomes its pivot. */
  shiftTo(point) {
    this.pivot = this.inside(...point);
    const bias = biasThrough(this.network, this.layers, this.neuron, this.now.turn, this.pivot);
    this.move({ bias });
  }

  /** Turns the chosen neuron's line about its pivot. */
  turnTo(degrees) {
    const change = { turn: wrapped(degrees) };
    if (this.held) {
      const { neuron, pivot } = this;
      change.bias = biasThrough(this.network, this.layers, neuron, change.turn, pivot);
    }
    this.move(change);
  }

  /** Turns the chosen neuron's line about its pivot until it goes through a point. */
  turnThrough(point) {
    const { network, layers, neuron, pivot } = this;
    const found = turnThrough(network, layers, neuron, this.now.turn, pivot, point);
    if (found !== null) this.turnTo(found);
  }

  setPoint(point) {
    this.point = this.inside(...point);
    this.refresh();
  }

  inside(x, y) {
    const { left, right, bottom, top } = this.box;
    return [Math.min(right, Math.max(left, x)), Math.min(top, Math.max(bottom, y))];
  }

  /** The neuron whose line is within reach of a point, and where; null where none is. */
  lineAt([x, y], reach) {
    let best = null;
    this.lines.slice(0, this.depth).forEach((lines, layer) => lines.forEach((points, index) => {
      const found = nearestOn(points, x, y);
      if (!found || found.distance > reach || (best && found.distance >= best.distance)) return;
      best = { ...found, neuron: firstOf(this.network, layer) + index };
    }));
    return best;
  }

  /** Where and in which direction the chosen neuron gets active: a unit vector across its line. */
  arrow() {
    const { layer, index } = placeOf(this.network, this.neuron);
    const weights = turned(this.network, layer, index, this.now.turn);
    const [x, y] = this.pivot;
    const e = this.size * 1e-6;
    const value = (px, py) => dot(weights, inputsAt(this.layers, layer, px, py));
    const dx = value(x + e, y) - value(x - e, y);
    const dy = value(x, y + e) - value(x, y - e);
    const length = Math.hypot(dx, dy);
    return length > 0 ? { x, y, dx: dx / length, dy: dy / length } : null;
  }
}
