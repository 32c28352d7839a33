// The explorer of activation regions: the page, its controls and handles.
import { unpack, h, slider, select, button, status, inNextFrame } from "./common.js";
import { readState, writeState, savePicture, saveNumbers, calm, dark } from "./common.js";
import { regionNear, reachesBorder, atDistance } from "./sweep.js";
import { firstOf, stored, inputsOf, movesText, movesFrom } from "./neurons.js";
import { RegionsModel } from "./regions_model.js";
import { decimal, neuronName, tableOf, statusWords, regionWords } from "./regions_words.js";
import { neuronWords, networkName, rowsOf } from "./regions_words.js";
import { handle, tellHandle, movable } from "./handles.js";
import { LOOK, tableRow, legend, advice } from "./regions_parts.js";
import { paintRegions } from "./regions_paint.js";

const STEP_MILLISECONDS = 1400;
const PICK_PIXELS = 9;

/** A network of the page's data with its arrays unpacked. */
export async function unpackedNetwork(told) {
  const all = (entries) => Promise.all(entries.map(unpack));
  const [weights, biases] = [await all(told.weights), await all(told.biases)];
  return { ...told, weights, biases, turns: await all(told.turns) };
}

class RegionsExplorer {
  constructor(root, networks, first) {
    this.first = first;
    this.redraw = inNextFrame(() => this.draw());
    this.model = new RegionsModel(networks, this.redraw);
    this.said = status();
    this.told = status();
    this.told.element.classList.add("pattern");
    this.build(root);
    this.load();
    dark(() => this.redraw());
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    addEventListener("hashchange", () => this.load());
  }

  // ------------------------------------------------------------------------------------- state

  /** Takes the state from the address. */
  load() {
    const { model } = this;
    const asked = readState({
      network: this.first + 1, layers: 99, neuron: 0, moves: "", x1: NaN, x2: NaN,
    });
    const number = asked.network - 1 in model.networks ? asked.network - 1 : this.first;
    const network = model.networks[number];
    const most = network.widths.length;
    const depth = Number.isInteger(asked.layers) ? Math.min(most, Math.max(1, asked.layers)) : most;
    const neurons = firstOf(network, depth);
    const fits = Number.isInteger(asked.neuron) && asked.neuron > 0 && asked.neuron <= neurons;
    const neuron = fits ? asked.neuron - 1 : undefined;
    this.open(number, { depth, neuron, moves: movesFrom(asked.moves, network) });
    const given = [asked.x1, asked.x2];
    model.setPoint(model.point.map((x, k) => (Number.isNaN(given[k]) ? x : given[k])));
  }

  /** The state goes into the address a moment after the last change. */
  keep() {
    const { model } = this;
    const [x1, x2] = model.point.map((x) => Number(x.toFixed(4)));
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => writeState({
      network: model.shown + 1, layers: model.depth, neuron: model.neuron + 1,
      moves: movesText(model.moves), x1, x2,
    }), 200);
  }

  /** Shows another network, or the same one as it is stored. */
  open(number, given) {
    this.stop();
    this.hovered = null;
    this.model.open(number, given);
    this.fitNetwork();
    this.fit();
  }

  // -------------------------------------------------------------------------------------- play

  play() {
    const { model } = this;
    const last = () => model.depth === model.network.widths.length;
    if (this.timer) { this.stop(); return; }
    if (last()) model.setDepth(1);
    this.playButton.textContent = "Pause";
    this.timer = setInterval(() => {
      model.setDepth(model.depth + 1);
      if (last()) this.stop();
    }, STEP_MILLISECONDS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.playButton.textContent = "Play layer by layer";
  }

  /** One layer more, from the last one back to the first. */
  step() {
    this.stop();
    const { model } = this;
    model.setDepth(model.depth === model.network.widths.length ? 1 : model.depth + 1);
  }

  // ---------------------------------------------------------------------------------- controls

  build(root) {
    this.canvas = h("canvas", { role: "img", width: 640, height: 640 });
    this.shiftHandle = handle("shift", "Drag: shift the line (changes the bias)");
    this.turnHandle = handle("turn", "Drag: turn the line about the round handle");
    this.pointHandle = handle("point", "Drag: the point whose region is told");
    const handles = [this.pointHandle, this.shiftHandle, this.turnHandle];
    this.stage = h("div", { class: "stage" }, this.canvas, handles);
    this.axes = h("p", { class: "hint" });
    this.note = h("p", { class: "hint" });
    this.neuronHint = h("p", { class: "hint" });
    this.buildNetworkControls();
    this.buildNeuronControls();
    const left = [this.stage, this.axes, legend(), this.said.element];
    root.append(
      h("style", {}, LOOK),
      h("div", { class: "controls" }, this.networkList.element),
      this.note,
      h("div", { class: "panels" },
        h("div", { class: "panel" }, left),
        h("div", { class: "panel regions-side" }, this.sideControls())),
      h("h2", {}, "The numbers"), this.tableBox(), advice());
    this.listen();
  }

  buildNetworkControls() {
    this.networkList = select({
      name: "Network (two inputs, then the neurons of each hidden layer)",
      options: this.model.networks.map((network, k) => [k, networkName(network)]),
      value: this.first,
      changed: (value) => this.open(Number(value)),
    });
    this.depthSlider = slider({
      name: "Layers drawn", min: 1, max: 2, step: 1, value: 1,
      told: (value) => `${value} of ${this.depthSlider?.input.max}`,
      changed: (value) => {
        this.stop();
        this.model.setDepth(value);
      },
    });
    this.playButton = button("Play layer by layer", () => this.play());
    const title = "One layer more; after the last one, layer 1 alone";
    this.stepButton = button("Step", () => this.step(), { title });
  }

  buildNeuronControls() {
    const { model } = this;
    this.neuronList = select({
      name: "Neuron", options: [], value: 0, changed: (value) => model.choose(Number(value)),
    });
    this.biasSlider = slider({
      name: "Shift: bias b", min: -1, max: 1, step: 0.01, value: 0,
      told: (value) => decimal(value), changed: (bias) => model.move({ bias }),
    });
    this.turnSlider = slider({
      name: "Turn the weights about the round handle", min: -180, max: 180, step: 1, value: 0,
      told: (value) => `${decimal(value, 0)}°`, changed: (turn) => model.turnTo(turn),
    });
    this.switchButton = button("Switch it off", () => model.move({ on: 1 - model.now.on }));
    const putBack = () => model.move(stored(model.network, model.neuron));
    this.backButton = button("Put it back", putBack);
    this.pointSliders = ["x₁", "x₂"].map((name, k) => slider({
      name: `Point, ${name}`, min: -1, max: 1, step: 0.01, value: 0,
      told: (value) => decimal(value),
      changed: (value) => model.setPoint(model.point.map((x, j) => (j === k ? value : x))),
    }));
  }

  sideControls() {
    const neuron = [this.neuronList, this.biasSlider, this.turnSlider].map((made) => made.element);
    const resetAll = button("Reset all", () => this.open(this.model.shown));
    return [
      h("h2", {}, "Layer by layer"),
      h("div", { class: "controls" }, this.depthSlider.element,
        h("div", { class: "row" }, calm() ? [] : this.playButton, this.stepButton)),
      h("h2", {}, "Move a neuron"),
      h("div", { class: "controls" }, neuron,
        h("div", { class: "row" }, this.switchButton, this.backButton, resetAll)),
      this.neuronHint,
      h("h2", {}, "Ask for a region"),
      h("div", { class: "controls" }, this.pointSliders.map((made) => made.element)),
      this.told.element,
    ];
  }

  tableBox() {
    this.rows = h("tbody");
    const heads = [
      "Layers", "neurons on", "regions here", "at most, if lines were straight (Zaslavsky)",
      "at most, in these layers (Serra et al.)", "Python's package",
    ];
    const cells = heads.map((text) => h("th", { scope: "col" }, text));
    const table = h("table", { class: "numbers" }, h("thead", {}, h("tr", {}, cells)), this.rows);
    const name = "Regions by number of layers";
    const box = { class: "scroll", tabindex: 0, role: "region", "aria-label": name };
    return h("div", {},
      h("div", box, table),
      h("p", { class: "row" },
        button("Save picture", () => savePicture(this.canvas, "regions.png")),
        button("Save numbers", () => saveNumbers(this.csvRows(), "regions.csv"))));
  }

  csvRows() {
    const { network, regions, corners, box } = this.model;
    return rowsOf(network, regions, corners, box);
  }

  /** What depends on the network: lists, limits of sliders, words. */
  fitNetwork() {
    const { network, shown, box } = this.model;
    const { left, right, bottom, top } = box;
    this.networkList.set(shown);
    this.note.textContent = network.note;
    this.depthSlider.input.max = network.widths.length;
    for (const control of [this.depthSlider.input, this.stepButton, this.playButton]) {
      control.disabled = network.widths.length === 1;
    }
    [[left, right], [bottom, top]].forEach(([min, max], k) => {
      Object.assign(this.pointSliders[k].input, { min, max, step: (max - min) / 200 });
    });
    const [across, up] = [[left, right], [bottom, top]].map(([low, high]) => `${low} to ${high}`);
    const words = `Across: input x₁ from ${across}; upwards: input x₂ from ${up}.`;
    this.axes.textContent = words.replaceAll("-", "−");
    const neurons = [...Array(firstOf(network, network.widths.length)).keys()];
    const option = (neuron) => h("option", { value: neuron }, neuronName(network, neuron));
    this.neuronList.input.replaceChildren(...neurons.map(option));
  }

  /** What depends on the chosen neuron. */
  fitNeuron() {
    const { network, neuron, moves, now, mostBias, depth } = this.model;
    this.neuronList.set(neuron);
    this.depthSlider.set(depth);
    const step = mostBias > 5 ? 0.05 : 0.01;
    Object.assign(this.biasSlider.input, { min: -mostBias, max: mostBias, step });
    this.biasSlider.set(now.bias);
    this.turnSlider.set(now.turn);
    this.turnSlider.input.disabled = inputsOf(network, neuron) < 2;
    this.switchButton.textContent = now.on ? "Switch it off" : "Switch it on";
    this.backButton.disabled = !moves.has(neuron);
    [...this.neuronList.input.options].forEach((option, k) => {
      const state = moves.has(k) ? (moves.get(k).on ? " (moved)" : " (off)") : "";
      const name = neuronName(network, k) + state;
      if (option.textContent !== name) option.textContent = name;
    });
  }

  // ---------------------------------------------------------------------------- pointer and keys

  listen() {
    const { model } = this;
    const beside = ([x, y], dx, dy) => [x + (dx * model.size) / 100, y + (dy * model.size) / 100];
    movable(this.shiftHandle, {
      dragged: (event) => model.shiftTo(this.pointOf(event)),
      pressed: (dx, dy) => model.shiftTo(beside(model.pivot, dx, dy)),
    });
    movable(this.turnHandle, {
      dragged: (event) => model.turnThrough(this.pointOf(event)),
      pressed: (dx, dy) => model.turnTo(model.now.turn + 2 * (dx + dy)),
    });
    movable(this.pointHandle, {
      dragged: (event) => model.setPoint(this.pointOf(event)),
      pressed: (dx, dy) => model.setPoint(beside(model.point, dx, dy)),
    });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.over(event));
    this.canvas.addEventListener("pointerleave", () => { this.hovered = null; this.redraw(); });
    this.canvas.addEventListener("pointerup", () => { this.grabbed = false; });
    this.canvas.addEventListener("pointercancel", () => { this.grabbed = false; });
  }

  /** The point of the plane under a pointer. */
  pointOf(event) {
    const place = this.canvas.getBoundingClientRect();
    const { left, right, bottom, top } = this.model.box;
    const across = (event.clientX - place.left - 1) / (place.width - 2);
    const up = 1 - (event.clientY - place.top - 1) / (place.height - 2);
    return [left + across * (right - left), bottom + up * (top - bottom)];
  }

  /** The line under the pointer, within a few pixels. */
  lineAt(point) {
    const { model } = this;
    return model.lineAt(point, (PICK_PIXELS * model.size) / this.canvas.clientWidth);
  }

  /** A line is taken hold of (with a finger: chosen only, so that one can still scroll). */
  press(event) {
    if (event.button) return;
    const { model } = this;
    const point = this.pointOf(event);
    const line = this.lineAt(point);
    if (line === null) { model.setPoint(point); return; }
    if (line.neuron !== model.neuron) model.choose(line.neuron);
    model.pivot = [line.x, line.y];
    this.redraw();
    requestAnimationFrame(() => this.shiftHandle.focus({ preventScroll: true }));
    if (event.pointerType === "touch") return;
    this.grabbed = true;
    this.canvas.setPointerCapture(event.pointerId);
  }

  over(event) {
    if (event.pointerType === "touch") return;
    const point = this.pointOf(event);
    if (this.grabbed) { this.model.shiftTo(point); return; }
    this.canvas.style.cursor = this.lineAt(point) ? "grab" : "crosshair";
    this.hovered = this.model.inside(...point);
    this.redraw();
  }

  // ----------------------------------------------------------------------------------- drawing

  /** As many pixels as the screen has there. */
  fit() {
    const { left, right, bottom, top } = this.model.box;
    const wide = this.canvas.clientWidth || 640;
    const width = Math.round(wide * Math.min(devicePixelRatio || 1, 2));
    const height = Math.round((width * (top - bottom)) / (right - left));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.redraw();
  }

  draw() {
    const begun = performance.now();
    const { model } = this;
    model.sweep();
    model.holdLine();
    const at = this.hovered ?? model.point;
    const region = regionNear(model.regions, ...at, model.size);
    paintRegions(this.canvas, model, region, dark());
    this.place();
    this.fitNeuron();
    this.tell(at, region);
    this.keep();
    this.canvas.dataset.milliseconds = (performance.now() - begun).toFixed(2);
  }

  /** Handles onto the chosen line, and the cross onto the point. */
  place() {
    const { model } = this;
    const name = neuronName(model.network, model.neuron);
    const { bias, turn } = model.now;
    const turnable = model.held && inputsOf(model.network, model.neuron) > 1;
    this.shiftHandle.hidden = !model.held;
    this.turnHandle.hidden = !turnable;
    if (model.held) {
      this.put(this.shiftHandle, ...model.pivot);
      tellHandle(this.shiftHandle, `Shift the line of ${name}: arrow keys move it`, bias,
        `bias ${decimal(bias)}`, model.mostBias);
    }
    if (turnable) {
      const end = atDistance(model.chosenLines, ...model.pivot, model.size / 6);
      this.put(this.turnHandle, end.x, end.y);
      tellHandle(this.turnHandle, `Turn the line of ${name}: arrow keys turn it`, turn,
        `${decimal(turn, 0)} degrees`, 180);
    }
    const [x, y] = model.point;
    const most = Math.max(...Object.values(model.box).map(Math.abs));
    this.put(this.pointHandle, x, y);
    tellHandle(this.pointHandle, "Point whose region is told: arrow keys move it", x,
      `x1 ${decimal(x)}, x2 ${decimal(y)}`, most);
  }

  put(element, x, y) {
    const { left, right, bottom, top } = this.model.box;
    element.style.left = `${(100 * (x - left)) / (right - left)}%`;
    element.style.top = `${(100 * (top - y)) / (top - bottom)}%`;
  }

  /** All words and numbers. */
  tell(at, region) {
    const { model } = this;
    const { network, corners, box } = model;
    const table = tableOf(network, model.layers, model.stages, model.depth, model.moves);
    const inside = model.regions.filter((one) => !reachesBorder(one.corners, box)).length;
    const sentence = statusWords(network, table[model.depth - 1], inside, model.moves.size);
    if (sentence !== this.said.words) {
      this.said.tell(sentence);
      const picture = "The plane of two inputs, cut into activation regions";
      this.canvas.setAttribute("aria-label", `${picture}: ${sentence}`);
      this.rows.replaceChildren(...table.map(tableRow));
    }
    this.neuronHint.textContent = neuronWords(network, model.neuron, model.now, model.chosenLines);
    const found = regionWords(network, region, at, corners, box);
    if (found !== this.told.words) this.told.tell(found);
    this.pointSliders.forEach((made, k) => made.set(model.point[k]));
  }
}

export async function start(root, data) {
  const networks = await Promise.all(data.networks.map(unpackedNetwork));
  return new RegionsExplorer(root, networks, data.start);
}
