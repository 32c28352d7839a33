// The sparsity explorer: a dial from dense to sparse, beside narrow networks as large.
import { h, slider, select, button, status, inNextFrame, unpack } from "./common.js";
import { readState, writeState, savePicture, saveNumbers, dark } from "./common.js";
import { coverageIndex, numbersAt, meanS, percent, grouped } from "./numbers.js";
import { decodeMap } from "./runs.js";
import { borders, paint, withOutside, hatch, inked, hashColour } from "./maps.js";
import { blanketInk, pixelCanvas, markPoints, pointsLegend } from "./maps.js";

const SHOWN = [["blanket", "blanket of the class"], ["regions", "activation regions, magnified"]];
const SCALE = 2; // pixels of the canvas along a pixel of the map
const DEGREE_SIDE = 168; // pixels along the longer side of the picture of degrees

// ------------------------------------------------------------------ pure functions

/** How dark a degree is drawn, from 0 (as the paper) to the most; a grey from 0 to 255. */
export function degreeGrey(degree, most, isDark) {
  const part = most ? degree / most : 0;
  return Math.round(255 * (isDark ? 0.12 + 0.88 * part : 1 - 0.92 * part));
}

/** Smallest, largest and mean degree, and how many pixels have none. */
export function degreeNumbers(degrees) {
  let [least, most, sum, none] = [Infinity, 0, 0, 0];
  for (const degree of degrees) {
    least = Math.min(least, degree);
    most = Math.max(most, degree);
    sum += degree;
    none += degree === 0 ? 1 : 0;
  }
  return { least, most, mean: sum / degrees.length, none };
}

/** Which groups lie in the blanket of the first n constraints of a class; the outside does not. */
export function groupsInside(ranks, classIndex, count, constraints) {
  const own = ranks.subarray(classIndex * count, (classIndex + 1) * count);
  return withOutside(Uint8Array.from(own, (rank) => (rank >= constraints ? 1 : 0)), 0);
}

/** "300-100 neurons" */
export function neuronsOf(view) { return `${view.hidden.join("-")} neurons`; }

/** A density with three digits that count. */
export function densityWords(density) { return String(Number(density.toPrecision(3))); }

/** One network in half a sentence. */
export function networkWords(view, numbers) {
  return `${neuronsOf(view)} at density ${densityWords(view.density)}: validation accuracy `
    + `${percent(view.accuracy)}, ${grouped(view.regions)} activation regions, blanket `
    + `${percent(numbers.share)} of the square, s = ${numbers.s.toFixed(3)}`;
}

/** The rows of the table that compares two networks: [[what, of the wide one, of the other]]. */
export function comparison(pair) {
  const row = (what, words) => [what, ...pair.map(words)];
  return [
    row("hidden neurons", ({ view }) => view.hidden.join("-")),
    row("hidden parameters", ({ view }) => grouped(view.parameters)),
    row("density of weights", ({ view }) => densityWords(view.density)),
    row("activation regions on the square", ({ view }) => grouped(view.regions)),
    row("validation accuracy", ({ view }) => percent(view.accuracy)),
    row("constraints of the class's pattern", ({ numbers }) => String(numbers.constraints)),
    row("share of the square in its blanket", ({ numbers }) => percent(numbers.share)),
    row("s of the class", ({ numbers }) => numbers.s.toFixed(3)),
    row("s, mean of all classes", ({ mean }) => mean.toFixed(3)),
    row("neurons connected to a pixel, mean", ({ degree }) => degree.mean.toFixed(1)),
    row("... least and most", ({ degree }) => `${degree.least} and ${degree.most}`),
  ];
}

/** The state that an address asks for, where there is such a one. */
export function allowed(asked, data) {
  const last = data.narrow.length;
  const criterion = Math.round(asked.criterion);
  return {
    step: Math.max(1, Math.min(last, Math.round(asked.step))),
    criterion: data.criteria[criterion] ? criterion : 0,
    picture: SHOWN.some(([name]) => name === asked.picture) ? asked.picture : "blanket",
    class: data.labels.includes(asked.class) ? asked.class : data.labels[0],
    coverage: data.coverages[coverageIndex(data.coverages, asked.coverage)],
  };
}

// ------------------------------------------------------------------ pictures

/** The arrays of a network. */
async function opened(view, data) {
  const glass = view.magnified;
  const maps = [view.map, glass.map].map(async ({ lengths, kinds, others }) => {
    return decodeMap(...await Promise.all([lengths, kinds, others].map(unpack)), data.side);
  });
  const [map, zoomed] = await Promise.all(maps);
  const arrays = [view.ranks, view.degrees, glass.hash];
  const [ranks, degrees, hash] = await Promise.all(arrays.map(unpack));
  const numbers = Uint16Array.from({ length: hash.length + 1 }, (_, i) => i);
  return {
    map, ranks, degrees, hash, zoomed,
    count: view.ranks.shape[1],
    zoomedLines: borders(zoomed, data.side, numbers),
    degree: degreeNumbers(degrees),
  };
}

/** The picture of the plane of one of the two networks side by side. */
function planePanel(data, heading) {
  const { side } = data;
  const picture = pixelCanvas(side, SCALE);
  const title = h("h2", {});
  const element = h("div", { class: "panel" }, title, picture.canvas);

  function drawBlanket(one, constraints, classIndex, isDark) {
    const ink = blanketInk(isDark);
    const inside = groupsInside(one.ranks, classIndex, one.count, constraints);
    const colours = Uint32Array.from(inside, (is) => (is ? ink.inside : ink.outside));
    const edge = borders(one.map, side, inside, true);
    const hatched = hatch(one.map, inside, side);
    paint(picture.pixels, one.map, colours, [[hatched, ink.lines], [edge, ink.edge]]);
    picture.put();
    if (data.zoom > 1) drawGlass(isDark);
    markPoints(picture.context, data.points, side * SCALE, SCALE * 0.8);
  }

  /** The square that the magnified picture shows. */
  function drawGlass(isDark) {
    const [left, top, size] = data.glass.map((x) => x * side * SCALE);
    const { context } = picture;
    context.lineWidth = SCALE * 1.5;
    context.setLineDash([4 * SCALE, 3 * SCALE]);
    context.strokeStyle = isDark ? "#ffffff" : "#000000";
    context.strokeRect(left, top, size, size);
    context.setLineDash([]);
  }

  function drawRegions(one, isDark) {
    const inks = Uint32Array.from(one.hash, (byte) => inked(hashColour(byte, isDark)));
    const colours = withOutside(inks, inked(isDark ? "#1d2124" : "#ffffff"));
    const lines = [[one.zoomedLines, inked(isDark ? "#0c0e10" : "#4a4a4a")]];
    paint(picture.pixels, one.zoomed, colours, lines);
    picture.put();
    if (data.zoom === 1) markPoints(picture.context, data.points, side * SCALE, SCALE * 0.8);
  }

  function show({ one, view, numbers }, state, classIndex, isDark) {
    const isBlanket = state.picture === "blanket";
    if (isBlanket) drawBlanket(one, numbers.constraints, classIndex, isDark);
    else drawRegions(one, isDark);
    title.textContent = `${heading}: ${neuronsOf(view)}, density ${densityWords(view.density)}`;
    const shown = isBlanket
      ? `Picture of the blanket of class ${state.class}`
      : `Picture of ${grouped(view.magnified.regions)} activation regions in the magnified square`;
    picture.canvas.setAttribute("aria-label", `${shown}. ${networkWords(view, numbers)}.`);
  }

  return { element, show, canvas: picture.canvas };
}

/** The picture of how many neurons each pixel is connected to, of one of the two networks. */
function degreePanel(data, heading) {
  const [rows, columns] = data.shape;
  const picture = h("canvas", { width: columns, height: rows, role: "img" });
  const scale = DEGREE_SIDE / Math.max(rows, columns);
  const size = `width: ${columns * scale}px; height: ${Math.max(rows * scale, 12)}px`;
  picture.style = `${size}; image-rendering: pixelated; border: 1px solid var(--faint)`;
  const below = h("p", { class: "hint" });
  const element = h("div", { class: "panel" }, picture, below);
  const context = picture.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  let drawn = "";

  function show({ one }, isDark, key) {
    if (key === drawn) return; // only another network or scheme changes it
    drawn = key;
    const { least, most, mean, none } = one.degree;
    one.degrees.forEach((degree, i) => {
      pixels[i] = 0xff000000 + 0x010101 * degreeGrey(degree, most, isDark);
    });
    context.putImageData(image, 0, 0);
    const [few, many] = isDark ? ["dark", "light"] : ["light", "dark"];
    const words = `${heading}: from ${least} (${few}) to ${most} (${many}) neurons, `
      + `${mean.toFixed(1)} in the mean; ${grouped(none)} of ${grouped(one.degrees.length)} `
      + "pixels have no connection.";
    below.textContent = words;
    picture.setAttribute("aria-label", `Picture of the pixels' connections. ${words}`);
  }

  return { element, show };
}

/** Both pictures in one, for saving. */
function together(left, right) {
  const joined = h("canvas", { width: left.width + right.width + 24, height: left.height });
  const context = joined.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, joined.width, joined.height);
  context.drawImage(left, 0, 0);
  context.drawImage(right, left.width + 24, 0);
  return joined;
}

// ------------------------------------------------------------------ the page

export async function start(root, data) {
  const shape = { classes: data.labels.length, coverages: data.coverages.length };
  const packed = [data.constraints, data.met, data.share];
  const [constraints, met, share] = await Promise.all(packed.map(unpack));
  const tables = { constraints, met, share };
  const views = await Promise.all(data.views.map((view) => opened(view, data)));
  const defaults = { step: data.narrow.length, criterion: 0, picture: "blanket" };
  const state = allowed(readState({ ...defaults, class: data.labels[0], coverage: 0.9 }), data);

  const planes = ["Wide", "Narrow"].map((heading) => planePanel(data, heading));
  const degrees = ["Wide", "Narrow"].map((heading) => degreePanel(data, heading));
  const told = status();
  const hint = h("p", { class: "hint" });
  const legend = h("div", {}, pointsLegend(data.points, data.spanning));
  const table = h("tbody", {});
  const draw = inNextFrame(show);
  let isDark = dark(() => { isDark = dark(); draw(); });
  const change = (part) => {
    Object.assign(state, part);
    draw();
  };

  const dial = slider({
    name: "density", min: 1, max: data.narrow.length, step: 1, value: state.step,
    told: (n) => `${densityWords(data.views[data.criteria[0].views[n - 1]].density)} `
      + `(position ${n} of ${data.narrow.length})`,
    changed: (step) => change({ step }),
  });
  const coverage = slider({
    name: "minimum coverage c_P", min: data.coverages[0], max: data.coverages.at(-1), step: 0.01,
    value: state.coverage, told: (c) => c.toFixed(2),
    changed: (c) => change({ coverage: data.coverages[coverageIndex(data.coverages, c)] }),
  });
  const criterion = select({
    name: "what chooses the connections", options: data.criteria.map(({ name }, i) => [i, name]),
    value: state.criterion, changed: (i) => change({ criterion: Number(i) }),
  });
  const picture = select({
    name: "picture", options: SHOWN, value: state.picture,
    changed: (name) => change({ picture: name }),
  });
  const ofClass = select({
    name: "class", options: data.labels.map((c) => [c, `${c}: ${data.classes[c]}`]),
    value: state.class, changed: (label) => change({ class: Number(label) }),
  });
  const save = () => savePicture(together(planes[0].canvas, planes[1].canvas), "sparsity.png");
  root.append(
    h("p", { class: "hint" }, data.caption),
    h("div", { class: "controls" }, dial.element, criterion.element),
    h("div", { class: "controls" }, picture.element, ofClass.element, coverage.element),
    told.element,
    h("div", { class: "panels" }, planes.map((one) => one.element)),
    legend,
    hint,
    h("h2", {}, "How many neurons of the first layer each pixel is connected to"),
    h("div", { class: "panels" }, degrees.map((one) => one.element)),
    h("h2", {}, "In numbers"),
    h("table", {},
      h("thead", {}, h("tr", {}, ["", "wide network", "narrow network"].map((words) => {
        return words ? h("th", { scope: "col" }, words) : h("td", {});
      }))),
      table,
    ),
    h("p", {}, button("save picture", save), " ",
      button("save numbers", () => saveNumbers(rows(), "sparsity.csv"))),
  );

  /** Indices of the two networks at a position of the dial. */
  function pairAt(step, criterionIndex = state.criterion) {
    return [data.criteria[criterionIndex].views[step - 1], data.narrow[step - 1]];
  }

  function numbersOf(index) {
    const c = data.labels.indexOf(state.class);
    return numbersAt(tables, index, c, coverageIndex(data.coverages, state.coverage), shape);
  }

  function row(index, step, words) {
    const { hidden, parameters, density, accuracy: right, regions } = data.views[index];
    const { least, most, mean } = views[index].degree;
    return {
      position: step, criterion: words, hidden: hidden.join("-"), parameters, density, regions,
      accuracy: right, class: data.classes[state.class], c_P: state.coverage, ...numbersOf(index),
      pixel_degree_mean: mean, pixel_degree_least: least, pixel_degree_most: most,
    };
  }

  function rows() {
    return data.narrow.flatMap((narrow, i) => [
      ...data.criteria.map(({ name, views: of }) => row(of[i], i + 1, name)),
      row(narrow, i + 1, "narrow network"),
    ]);
  }

  function show() {
    const classIndex = data.labels.indexOf(state.class);
    const k = coverageIndex(data.coverages, state.coverage);
    const pair = pairAt(state.step).map((index) => ({
      one: views[index], view: data.views[index], numbers: numbersOf(index),
      mean: meanS(tables, index, k, shape), degree: views[index].degree,
    }));
    const indices = pairAt(state.step);
    pair.forEach((each, i) => {
      planes[i].show(each, state, classIndex, isDark);
      degrees[i].show(each, isDark, `${indices[i]}, ${isDark}`);
    });
    table.replaceChildren(...comparison(pair).map(([what, ...cells]) => {
      return h("tr", {}, h("th", { scope: "row" }, what), cells.map((cell) => h("td", {}, cell)));
    }));
    tell(pair);
  }

  function tell([wide, narrow]) {
    const { name } = data.criteria[state.criterion];
    const of = `class ${state.class} (${data.classes[state.class]})`;
    told.tell(`${grouped(wide.view.parameters)} hidden parameters each; ${of} at c_P = `
      + `${state.coverage.toFixed(2)}. Wide (${name}), ${networkWords(wide.view, wide.numbers)}. `
      + `Narrow, ${networkWords(narrow.view, narrow.numbers)}.`);
    hint.textContent = hintOf();
    legend.hidden = state.picture === "regions" && data.zoom > 1; // no mark lies in the glass
    writeState(state);
  }

  function hintOf() {
    if (state.picture === "blanket") {
      const glass = data.zoom > 1 ? " The dashed square is what the magnified picture shows." : "";
      return "The blanket of a class (hatched): where the last layer's neurons behave as they do "
        + "for at least a share c_P of the class's images. s = 1 − its share of the square; the "
        + `larger s, the more the network is specialized to the class.${glass}`;
    }
    const middle = `The middle of the square, magnified ${data.zoom} times`;
    const part = data.zoom > 1 ? middle : "The whole square";
    return `${part}. Each piece is an activation region: within it no neuron switches on or off. `
      + "Colours are hashes of activation patterns.";
  }

  root.explorer = { show, state };
  show();
}
