// The training explorer: one network at the checkpoints of its training, beside its curves.
import { h, slider, select, button, status, inNextFrame, readState, writeState, savePicture, saveNumbers, calm, dark, unpack } from "./common.js";
import { decodeMap, numbersOf, borders, thicker, paint, inked, hashColour, fromHsl, roomiest, markPoints, writeOn } from "./maps.js";

export const VIEWS = [
  ["regions", "activation regions"],
  ["classes", "predicted classes"],
  ["blanket", "blanket of the class"],
];
const SCALE = 2; // pixels of the canvas along a pixel of the map
// Milliseconds between two checkpoints of play; below 400 the status speaks only when play ends.
const PLAY_STEP = 390;

// ------------------------------------------------------------------ pure functions

/** Index of the checkpoint whose iteration is nearest to this one. */
export function nearestStep(steps, iteration) {
  let best = 0;
  steps.forEach((step, i) => {
    if (Math.abs(step.iteration - iteration) < Math.abs(steps[best].iteration - iteration)) best = i;
  });
  return best;
}

/** Index of the coverage nearest to this one. */
export function coverageIndex(coverages, coverage) {
  let best = 0;
  coverages.forEach((c, i) => {
    if (Math.abs(c - coverage) < Math.abs(coverages[best] - coverage)) best = i;
  });
  return best;
}

/** The numbers of one class and c_P at a checkpoint; tables: flat arrays of checkpoint, class, c_P. */
export function numbersAt(tables, step, classIndex, coverage, shape) {
  const at = (step * shape.classes + classIndex) * shape.coverages + coverage;
  const share = tables.share[at];
  return { constraints: tables.constraints[at], met: tables.met[at], share, s: 1 - share };
}

/** Mean s over all classes at a checkpoint. */
export function meanS(tables, step, coverage, shape) {
  let sum = 0;
  for (let c = 0; c < shape.classes; c++) sum += numbersAt(tables, step, c, coverage, shape).s;
  return sum / shape.classes;
}

/** Which regions lie in the blanket of the first n constraints, 1 or 0; ranks: of one class. */
export function inBlanket(ranks, constraints) {
  return Uint8Array.from(ranks, (rank) => (rank >= constraints ? 1 : 0));
}

/** Where an iteration stands on the logarithmic axis, from 0 to 1; iteration 0 at the left end. */
export function alongAxis(iteration, last) {
  const from = Math.log10(0.5);
  return iteration < 1 ? 0 : (Math.log10(iteration) - from) / (Math.log10(last) - from);
}

export function percent(share, digits = 1) { return `${(100 * share).toFixed(digits)} %`; }

export function grouped(n) { return n.toLocaleString("en-US"); }

/** What is shown, in words. */
export function trainingWords({ step, before, index, count, name, label, coverage, numbers }) {
  const kept = before
    ? `, ${grouped(step.kept)} of their patterns were there at iteration ${grouped(before.iteration)}`
    : "";
  const n = numbers.constraints;
  return `Iteration ${grouped(step.iteration)} (checkpoint ${index + 1} of ${count}): `
    + `${grouped(step.regions)} activation regions${kept}. Validation accuracy ${percent(step.accuracy)}. `
    + `Class ${label} (${name}) is predicted on ${percent(step.won[label])} of the domain. `
    + `At c_P = ${coverage.toFixed(2)} its maximal pattern has ${n} constraint${n === 1 ? "" : "s"}, `
    + `met by ${percent(numbers.met)} of its images; its blanket covers ${percent(numbers.share)}: `
    + `s = ${numbers.s.toFixed(3)}.`;
}

// ------------------------------------------------------------------ one checkpoint, unpacked

async function unpacked(step, data) {
  const [lengths, kinds, others, hash, repeats, winner, ranks] = await Promise.all(
    [step.map.lengths, step.map.kinds, step.map.others, step.hash, step.repeats, step.winner, step.ranks].map(unpack),
  );
  const map = decodeMap(lengths, kinds, others, data.side);
  const pattern = withOutside(numbersOf(repeats), 65535);
  const winners = withOutside(winner, 255);
  return {
    map, hash, pattern, winner: winners, ranks,
    n: repeats.length,
    patternLines: borders(map, data.side, pattern),
    classLines: thicker(borders(map, data.side, winners), data.side),
    names: roomiest(map, data.side, winners, data.classes.length),
  };
}

/** Values of regions, and one more for what lies outside of the domain. */
export function withOutside(values, outside) {
  const longer = new values.constructor(values.length + 1);
  longer.set(values);
  longer[values.length] = outside;
  return longer;
}

export function classColour(label, count, isDark) {
  const light = (label % 2 ? 0.78 : 0.62) - (isDark ? 0.22 : 0);
  return fromHsl((360 * label) / count, 0.5, light);
}

// ------------------------------------------------------------------ the page

const NS = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The curves: an svg and a function that draws them for a state. */
function curves(data, go) {
  const [width, height] = [460, 250];
  const box = { left: 40, right: 12, top: 12, bottom: 38 };
  const last = data.history.at(-1)[0];
  const x = (i) => box.left + (width - box.left - box.right) * alongAxis(i, last);
  const y = (v) => height - box.bottom - (height - box.top - box.bottom) * v;
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, class: "picture", role: "img" });
  const frame = drawn("g", { "font-size": 12, fill: "currentColor" });
  for (const v of [0, 0.25, 0.5, 0.75, 1]) {
    frame.append(drawn("line", { x1: box.left, x2: width - box.right, y1: y(v), y2: y(v), stroke: "var(--line)" }));
    frame.append(drawn("text", { x: box.left - 6, y: y(v) + 4, "text-anchor": "end" }, String(v)));
  }
  const decades = [0];
  for (let i = 1; i <= last; i *= 10) decades.push(i);
  for (const i of decades) {
    frame.append(drawn("line", { x1: x(i), x2: x(i), y1: y(0), y2: y(0) + 4, stroke: "currentColor" }));
    frame.append(drawn("text", { x: x(i), y: y(0) + 17, "text-anchor": "middle" }, grouped(i)));
  }
  frame.append(drawn("text", { x: x(last), y: height - 5, "text-anchor": "end" }, "iterations (logarithmic)"));
  const moving = drawn("g", {});
  picture.append(frame, moving);
  picture.addEventListener("click", (event) => {
    const place = ((event.clientX - picture.getBoundingClientRect().left) / picture.clientWidth) * width;
    const gaps = data.steps.map((step) => Math.abs(x(step.iteration) - place));
    go(gaps.indexOf(Math.min(...gaps)));
  });
  const line = (points, look) => drawn("polyline", { points: points.map(([i, v]) => `${x(i)},${y(v)}`).join(" "), fill: "none", ...look });
  return {
    picture,
    draw(index, ofClass, mean, words) {
      const at = data.steps[index].iteration;
      const own = data.steps.map((step, i) => [step.iteration, ofClass[i]]);
      const all = data.steps.map((step, i) => [step.iteration, mean[i]]);
      moving.replaceChildren(
        drawn("line", { x1: x(at), x2: x(at), y1: y(0), y2: y(1), stroke: "currentColor", "stroke-width": 1.5 }),
        line(data.history, { stroke: "var(--accent)", "stroke-width": 2.2 }),
        line(all, { stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": "1.5 3" }),
        line(own, { stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "7 3" }),
        drawn("circle", { cx: x(at), cy: y(data.steps[index].accuracy), r: 5, fill: "var(--accent)" }),
        drawn("rect", { x: x(at) - 4.5, y: y(ofClass[index]) - 4.5, width: 9, height: 9, fill: "currentColor" }),
      );
      picture.setAttribute("aria-label", words);
    },
  };
}

function lineKey(words, attributes, mark) {
  const key = drawn("svg", { width: 34, height: 14, "aria-hidden": "true" }, drawn("line", { x1: 0, x2: 34, y1: 7, y2: 7, ...attributes }));
  if (mark) key.append(mark);
  return h("li", {}, key, words);
}

const HINTS = {
  regions: "Each piece is one activation region. Its colour is a hash of its activation pattern (which neurons are "
    + "on), so a region whose pattern stays keeps its colour from checkpoint to checkpoint.",
  classes: "Each piece is where the network predicts one class; thin lines are activation regions. Names stand "
    + "where there is room for them.",
  blanket: "The blanket of a class (hatched): all regions on which the last layer's neurons behave as they do for at least "
    + "a share c_P of the class's images. Specialization is s = 1 − the blanket's share of the domain: near 1 it lies tight.",
};

export async function start(root, data) {
  const steps = data.steps;
  const shape = { classes: data.labels.length, coverages: data.coverages.length };
  const [constraints, met, share] = await Promise.all([data.constraints, data.met, data.share].map(unpack));
  const tables = { constraints, met, share };
  const opened = await Promise.all(steps.map((step) => unpacked(step, data)));
  const first = data.labels[0];
  const state = readState({ iteration: steps.at(-1).iteration, view: "regions", class: first, coverage: 0.9 });
  let index = nearestStep(steps, state.iteration);
  if (!data.labels.includes(state.class)) state.class = first;
  if (!VIEWS.some(([name]) => name === state.view)) state.view = "regions";
  state.coverage = data.coverages[coverageIndex(data.coverages, state.coverage)];

  const side = data.side;
  const canvas = h("canvas", { width: side * SCALE, height: side * SCALE, role: "img" });
  const context = canvas.getContext("2d");
  const small = h("canvas", { width: side, height: side });
  const smallContext = small.getContext("2d");
  const image = smallContext.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  const hatched = new Uint8Array(side * side);
  const told = status();
  const hint = h("p", { class: "hint" });
  const draw = inNextFrame(show);
  let isDark = dark(() => { isDark = dark(); draw(); });

  const go = (next) => {
    index = Math.max(0, Math.min(steps.length - 1, next));
    state.iteration = steps[index].iteration;
    scrubber.set(index + 1);
    draw();
  };
  const scrubber = slider({
    name: "checkpoint", min: 1, max: steps.length, step: 1, value: index + 1,
    told: (n) => `${n} of ${steps.length}, iteration ${grouped(steps[n - 1].iteration)}`,
    changed: (n) => { stop(); go(n - 1); },
  });
  const view = select({ name: "picture", options: VIEWS, value: state.view, changed: (v) => { state.view = v; draw(); } });
  const ofClass = select({
    name: "class", options: data.labels.map((c) => [c, `${c}: ${data.classes[c]}`]), value: state.class,
    changed: (v) => { state.class = Number(v); draw(); },
  });
  const coverage = slider({
    name: "minimum coverage c_P", min: data.coverages[0], max: data.coverages.at(-1),
    step: 0.01, value: state.coverage, told: (v) => v.toFixed(2),
    changed: (v) => { state.coverage = data.coverages[coverageIndex(data.coverages, v)]; draw(); },
  });

  let timer = 0;
  const play = button("play", () => (timer ? stop() : begin()), { pressed: false });
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "play";
    play.setAttribute("aria-pressed", "false");
  }
  function begin() {
    if (index === steps.length - 1) go(0);
    timer = setInterval(() => { go(index + 1); if (index === steps.length - 1) stop(); }, PLAY_STEP);
    play.textContent = "pause";
    play.setAttribute("aria-pressed", "true");
  }
  const chart = curves(data, (next) => { stop(); go(next); });
  const at = (i) => numbersAt(tables, i, data.labels.indexOf(state.class), coverageIndex(data.coverages, state.coverage), shape);
  const file = () => `training-iteration-${state.iteration}-${state.view}`;

  root.append(
    h("p", { class: "hint" }, data.caption),
    h("div", { class: "controls" },
      scrubber.element,
      button("step back", () => { stop(); go(index - 1); }),
      button("step forward", () => { stop(); go(index + 1); }),
      calm() ? h("span", { class: "hint" }, "No play button: your system asks for less motion.") : play,
    ),
    h("div", { class: "controls" }, view.element, ofClass.element, coverage.element),
    told.element,
    h("div", { class: "panels" },
      h("div", { class: "panel" }, canvas, legendOfPoints(data), hint),
      h("div", { class: "panel" }, chart.picture, h("ul", { class: "legend" },
        lineKey("validation accuracy", { stroke: "var(--accent)", "stroke-width": 2.5 }, drawn("circle", { cx: 17, cy: 7, r: 4, fill: "var(--accent)" })),
        lineKey("s of the class", { stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "7 3" }, drawn("rect", { x: 13, y: 3, width: 8, height: 8, fill: "currentColor" })),
        lineKey("s, mean of all classes", { stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": "1.5 3" }),
      ), h("p", { class: "hint" }, "The upright line is the checkpoint shown. A click into the curves goes to the nearest one.")),
    ),
    h("p", {},
      button("save picture", () => savePicture(canvas, `${file()}.png`)), " ",
      button("save numbers", () => saveNumbers(rows(), "training.csv"))),
  );

  function rows() {
    return steps.map((step, i) => ({
      iteration: step.iteration, regions: step.regions, patterns_kept: step.kept, accuracy: step.accuracy,
      class: data.classes[state.class], predicted_share: step.won[state.class], c_P: state.coverage, ...at(i),
    }));
  }

  function look(one, numbers) {
    const [paper, faint, strong, veil] = isDark ? ["#1d2124", "#3a4146", "#ffffff", "#23282c"] : ["#ffffff", "#c4c4c0", "#000000", "#f1f1ee"];
    const outside = inked(paper);
    const colours = new Uint32Array(one.n + 1).fill(outside);
    if (state.view === "regions") {
      for (let r = 0; r < one.n; r++) colours[r] = inked(hashColour(one.hash[one.pattern[r]], isDark));
      return { colours, lines: [[one.patternLines, inked(isDark ? "#0c0e10" : "#4a4a4a")]] };
    }
    if (state.view === "classes") {
      for (let r = 0; r < one.n; r++) colours[r] = inked(classColour(one.winner[r], data.classes.length, isDark));
      return { colours, lines: [[one.patternLines, inked(isDark ? "#55606a" : "#8f8f8b")], [one.classLines, inked(strong)]] };
    }
    const of = data.labels.indexOf(state.class);
    const inside = withOutside(inBlanket(one.ranks.subarray(of * one.n, (of + 1) * one.n), numbers.constraints), 0);
    for (let r = 0; r < one.n; r++) colours[r] = inked(inside[r] ? (isDark ? "#7a5c14" : "#f3cf7a") : veil);
    for (let i = 0, row = 0; row < side; row++) {
      for (let column = 0; column < side; column++, i++) hatched[i] = inside[one.map[i]] && (row + column) % 10 === 0;
    }
    const edge = thicker(borders(one.map, side, inside), side);
    return { colours, lines: [[one.patternLines, inked(faint)], [hatched, inked(isDark ? "#d9ab3c" : "#a87400")], [edge, inked(strong)]] };
  }

  function show() {
    const one = opened[index];
    const numbers = at(index);
    const { colours, lines } = look(one, numbers);
    paint(pixels, one.map, colours, lines);
    smallContext.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side * SCALE, side * SCALE);
    if (state.view === "classes") {
      one.names.forEach(({ x, y, room }, c) => { if (room > 12) writeOn(context, data.classes[c], x * SCALE, y * SCALE, SCALE * 0.8); });
    }
    markPoints(context, data.points, side * SCALE, SCALE * 0.8);
    tell(numbers);
  }

  function tell(numbers) {
    const words = trainingWords({
      step: steps[index], before: steps[index - 1], index, count: steps.length, label: state.class,
      name: data.classes[state.class], coverage: state.coverage, numbers,
    });
    told.tell(words);
    hint.textContent = HINTS[state.view];
    const picture = VIEWS.find(([name]) => name === state.view)[1];
    canvas.setAttribute("aria-label", `Picture of the ${picture} on the plane. ${words}`);
    const k = coverageIndex(data.coverages, state.coverage);
    const own = steps.map((_, i) => at(i).s);
    const [begin, end] = [own[0], own.at(-1)].map((s) => s.toFixed(2));
    const [low, high] = [steps[0].accuracy, steps.at(-1).accuracy].map((a) => percent(a));
    chart.draw(index, own, steps.map((_, i) => meanS(tables, i, k, shape)),
      `Curves over iterations: validation accuracy goes from ${low} to ${high}, s of class ${state.class} from ${begin} to ${end}.`);
    writeState(state);
  }

  root.explorer = { show, state, go };
  show();
}

function legendOfPoints(data) {
  if (!data.points.length) return "";
  const named = data.points.map((_, i) => h("li", {}, h("strong", {}, String(i + 1)), data.spanning[i] ?? "spanning image"));
  return h("ul", { class: "legend", "aria-label": "images that span the plane" }, h("li", {}, "images that span the plane:"), named);
}
