// The training explorer: one network at the checkpoints of its training, beside its curves.
import { h, slider, select, button, status, inNextFrame, unpack } from "./common.js";
import { readState, writeState, savePicture, saveNumbers, calm, dark } from "./common.js";
import { coverageIndex, numbersAt, meanS, percent, grouped, blanketWords } from "./numbers.js";
import { decodeMap } from "./runs.js";
import { numbersOf, borders, paint, withOutside, hatch } from "./maps.js";
import { inked, hashColour, fromHsl, blanketInk, pixelCanvas } from "./maps.js";
import { roomiest, markPoints, writeOn, pointsLegend } from "./maps.js";
import { curves, curvesLegend } from "./curves.js";

const VIEWS = [
  ["regions", "activation regions"],
  ["classes", "predicted classes"],
  ["blanket", "blanket of the class"],
];
const HINTS = {
  regions: "Each piece is one activation region. Its colour is a hash of its activation pattern "
    + "(which neurons are on), so a region whose pattern stays keeps its colour from checkpoint "
    + "to checkpoint.",
  classes: "Each piece is where the network predicts one class; thin lines are activation "
    + "regions. Names stand where there is room for them.",
  blanket: "The blanket of a class (hatched): all regions on which the last layer's neurons "
    + "behave as they do for at least a share c_P of the class's images. Specialization is "
    + "s = 1 − the blanket's share of the domain: near 1 it lies tight.",
};
const SCALE = 2; // pixels of the canvas along a pixel of the map
const ROOM = 12; // pixels around a class's name
// Milliseconds between two checkpoints of play; below 400 the status speaks only when play ends.
const PLAY_STEP = 390;

// ------------------------------------------------------------------ pure functions

/** Index of the checkpoint whose iteration is nearest to this one. */
export function nearestStep(steps, iteration) {
  const gap = (i) => Math.abs(steps[i].iteration - iteration);
  return steps.reduce((best, _, i) => (gap(i) < gap(best) ? i : best), 0);
}

/** Which regions lie in the blanket of the first n constraints, 1 or 0; ranks: of one class. */
export function inBlanket(ranks, constraints) {
  return Uint8Array.from(ranks, (rank) => (rank >= constraints ? 1 : 0));
}

/** Colour of a predicted class. */
export function classColour(label, count, isDark) {
  const light = (label % 2 ? 0.78 : 0.62) - (isDark ? 0.22 : 0);
  return fromHsl((360 * label) / count, 0.5, light);
}

/** What is shown, in words. */
export function trainingWords({ step, before, place, name, label, coverage, numbers }) {
  const kept = before
    ? `, ${grouped(step.kept)} of their patterns were there at iteration `
      + grouped(before.iteration)
    : "";
  return `Iteration ${grouped(step.iteration)} (checkpoint ${place}): `
    + `${grouped(step.regions)} activation regions${kept}. `
    + `Validation accuracy ${percent(step.accuracy)}. `
    + `Class ${label} (${name}) is predicted on ${percent(step.won[label])} of the domain. `
    + `At c_P = ${coverage.toFixed(2)} ${blanketWords(numbers)}.`;
}

/** The state that an address asks for, where there is such a one. */
export function allowed(asked, data) {
  const index = nearestStep(data.steps, asked.iteration);
  return {
    iteration: data.steps[index].iteration,
    view: VIEWS.some(([name]) => name === asked.view) ? asked.view : "regions",
    class: data.labels.includes(asked.class) ? asked.class : data.labels[0],
    coverage: data.coverages[coverageIndex(data.coverages, asked.coverage)],
  };
}

// ------------------------------------------------------------------ pictures

/** A checkpoint's arrays, and the lines and places that do not depend on the state. */
async function opened(step, data) {
  const { lengths, kinds, others } = step.map;
  const packed = [lengths, kinds, others, step.hash, step.repeats, step.winner, step.ranks];
  const [runs, ofRun, rest, hash, repeats, winners, ranks] = await Promise.all(packed.map(unpack));
  const map = decodeMap(runs, ofRun, rest, data.side);
  const pattern = withOutside(numbersOf(repeats), 65535);
  const winner = withOutside(winners, 255);
  return {
    map, hash, pattern, winner, ranks,
    n: repeats.length,
    patternLines: borders(map, data.side, pattern),
    classLines: borders(map, data.side, winner, true),
    names: roomiest(map, data.side, winner, data.classes.length),
  };
}

/** Colours of regions, with that of the outside, which is left as the paper. */
function coloured(one, isDark, colourOf) {
  const colours = new Uint32Array(one.n + 1).fill(inked(isDark ? "#1d2124" : "#ffffff"));
  for (let r = 0; r < one.n; r++) colours[r] = colourOf(r);
  return colours;
}

function regionsLook(one, isDark) {
  const colours = coloured(one, isDark, (r) => inked(hashColour(one.hash[one.pattern[r]], isDark)));
  return { colours, lines: [[one.patternLines, inked(isDark ? "#0c0e10" : "#4a4a4a")]] };
}

function classesLook(one, isDark, count) {
  const colours = coloured(one, isDark, (r) => inked(classColour(one.winner[r], count, isDark)));
  const thin = inked(isDark ? "#55606a" : "#8f8f8b");
  const strong = inked(isDark ? "#ffffff" : "#000000");
  return { colours, lines: [[one.patternLines, thin], [one.classLines, strong]] };
}

function blanketLook(one, isDark, side, ranks, constraints) {
  const ink = blanketInk(isDark);
  const inside = withOutside(inBlanket(ranks, constraints), 0);
  const colours = coloured(one, isDark, (r) => (inside[r] ? ink.inside : ink.outside));
  const edge = borders(one.map, side, inside, true);
  const hatched = hatch(one.map, inside, side);
  const lines = [[one.patternLines, ink.regions], [hatched, ink.lines], [edge, ink.edge]];
  return { colours, lines };
}

// ------------------------------------------------------------------ the page

/** Play and pause; forward() goes one on and tells whether there is more, begin() to the start. */
function player(begin, forward) {
  let timer = 0;
  const turn = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(() => { if (!forward()) turn(false); }, PLAY_STEP) : 0;
    element.textContent = on ? "pause" : "play";
    element.setAttribute("aria-pressed", String(on));
  };
  const element = button("play", () => {
    if (!timer) begin();
    turn(!timer);
  }, { pressed: false });
  return { element, stop: () => turn(false) };
}

export async function start(root, data) {
  const { steps, side } = data;
  const shape = { classes: data.labels.length, coverages: data.coverages.length };
  const packed = [data.constraints, data.met, data.share];
  const [constraints, met, share] = await Promise.all(packed.map(unpack));
  const tables = { constraints, met, share };
  const views = await Promise.all(steps.map((step) => opened(step, data)));
  const defaults = { iteration: steps.at(-1).iteration, view: "regions", class: data.labels[0] };
  const state = allowed(readState({ ...defaults, coverage: 0.9 }), data);
  let index = nearestStep(steps, state.iteration);

  const picture = pixelCanvas(side, SCALE);
  const told = status();
  const hint = h("p", { class: "hint" });
  const draw = inNextFrame(show);
  let isDark = dark(() => { isDark = dark(); draw(); });
  const seen = steps.map((step) => step.iteration);
  const chart = curves(data.history, seen, (next) => go(next));
  const play = player(() => { if (index === steps.length - 1) move(0); }, () => {
    move(index + 1);
    return index < steps.length - 1;
  });

  function move(next) {
    index = Math.max(0, Math.min(steps.length - 1, next));
    state.iteration = steps[index].iteration;
    scrubber.set(index + 1);
    draw();
  }
  function go(next) {
    play.stop();
    move(next);
  }
  function change(part) {
    Object.assign(state, part);
    draw();
  }

  const scrubber = slider({
    name: "checkpoint", min: 1, max: steps.length, step: 1, value: index + 1,
    told: (n) => `${n} of ${steps.length}, iteration ${grouped(seen[n - 1])}`,
    changed: (n) => go(n - 1),
  });
  const controls = [
    select({
      name: "picture", options: VIEWS, value: state.view, changed: (view) => change({ view }),
    }),
    select({
      name: "class", options: data.labels.map((c) => [c, `${c}: ${data.classes[c]}`]),
      value: state.class, changed: (label) => change({ class: Number(label) }),
    }),
    slider({
      name: "minimum coverage c_P", min: data.coverages[0], max: data.coverages.at(-1), step: 0.01,
      value: state.coverage, told: (c) => c.toFixed(2),
      changed: (c) => change({ coverage: data.coverages[coverageIndex(data.coverages, c)] }),
    }),
  ];
  const still = h("span", { class: "hint" }, "No play button: your system asks for less motion.");
  const file = () => `training-iteration-${state.iteration}-${state.view}.png`;
  root.append(
    h("p", { class: "hint" }, data.caption),
    h("div", { class: "controls" },
      scrubber.element,
      button("step back", () => go(index - 1)),
      button("step forward", () => go(index + 1)),
      calm() ? still : play.element,
    ),
    h("div", { class: "controls" }, controls.map((control) => control.element)),
    told.element,
    h("div", { class: "panels" },
      h("div", { class: "panel" }, picture.canvas, pointsLegend(data.points, data.spanning), hint),
      h("div", { class: "panel" }, chart.picture, curvesLegend(),
        h("p", { class: "hint" }, "The upright line is the checkpoint shown. "
          + "A click into the curves goes to the nearest one.")),
    ),
    h("p", {},
      button("save picture", () => savePicture(picture.canvas, file())), " ",
      button("save numbers", () => saveNumbers(steps.map((_, i) => row(i)), "training.csv"))),
  );

  function at(i) {
    const c = data.labels.indexOf(state.class);
    return numbersAt(tables, i, c, coverageIndex(data.coverages, state.coverage), shape);
  }

  function row(i) {
    const { iteration, regions, kept, accuracy, won } = steps[i];
    return {
      iteration, regions, patterns_kept: kept, accuracy, class: data.classes[state.class],
      predicted_share: won[state.class], c_P: state.coverage, ...at(i),
    };
  }

  function look(one) {
    if (state.view === "regions") return regionsLook(one, isDark);
    if (state.view === "classes") return classesLook(one, isDark, data.classes.length);
    const of = data.labels.indexOf(state.class);
    const ranks = one.ranks.subarray(of * one.n, (of + 1) * one.n);
    return blanketLook(one, isDark, side, ranks, at(index).constraints);
  }

  function show() {
    const one = views[index];
    const { colours, lines } = look(one);
    paint(picture.pixels, one.map, colours, lines);
    picture.put();
    if (state.view === "classes") writeNames(one.names);
    markPoints(picture.context, data.points, side * SCALE, SCALE * 0.8);
    tell();
  }

  function writeNames(places) {
    places.forEach(({ x, y, room }, c) => {
      if (room <= ROOM) return;
      writeOn(picture.context, data.classes[c], x * SCALE, y * SCALE, SCALE * 0.8);
    });
  }

  function tell() {
    const words = trainingWords({
      step: steps[index], before: steps[index - 1], place: `${index + 1} of ${steps.length}`,
      label: state.class, name: data.classes[state.class], coverage: state.coverage,
      numbers: at(index),
    });
    const [, shown] = VIEWS.find(([name]) => name === state.view);
    told.tell(words);
    hint.textContent = HINTS[state.view];
    picture.canvas.setAttribute("aria-label", `Picture of the ${shown} on the plane. ${words}`);
    tellCurves();
    writeState(state);
  }

  function tellCurves() {
    const k = coverageIndex(data.coverages, state.coverage);
    const own = steps.map((_, i) => at(i).s);
    const mean = steps.map((_, i) => meanS(tables, i, k, shape));
    const { accuracy } = steps[index];
    const words = `Curves over iterations: validation accuracy goes from `
      + `${percent(steps[0].accuracy)} to ${percent(steps.at(-1).accuracy)}, s of class `
      + `${state.class} from ${own[0].toFixed(2)} to ${own.at(-1).toFixed(2)}.`;
    chart.draw({ index, accuracy, own, mean, words });
  }

  root.explorer = { show, state, go };
  show();
}
