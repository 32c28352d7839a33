// What the explorer of activation regions tells: numbers, sentences, tables. No page is needed.
import { areaOf, middleOf, reachesBorder, zaslavsky, serra } from "./sweep.js";
import { placeOf, firstOf, inputsOf, patternText } from "./neurons.js";

/** A whole number with commas. */
export function whole(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A number with so many decimals and a real minus. */
export function decimal(value, digits = 2) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** "layer 2, neuron 5", counted from 1. */
export function neuronName(network, neuron) {
  const { layer, index } = placeOf(network, neuron);
  return `layer ${layer + 1}, neuron ${index + 1}`;
}

/** "layer 1" or "layers 1 to 3". */
export function layersName(depth) {
  return depth === 1 ? "layer 1" : `layers 1 to ${depth}`;
}

/** For each depth up to the one drawn: lines, regions, bounds, and what Python counted. */
export function tableOf(network, layers, stages, depth, moves) {
  return network.widths.slice(0, depth).map((_, l) => {
    const drawn = layers.slice(0, l + 1);
    const widths = drawn.map((layer) => layer.on.reduce((sum, on) => sum + on, 0));
    const neurons = widths.reduce((sum, width) => sum + width, 0);
    const untouched = [...moves.keys()].every((neuron) => placeOf(network, neuron).layer > l);
    return {
      layers: l + 1,
      neurons,
      regions: stages[l + 1].regions.length,
      straight: zaslavsky(neurons),
      most: serra(widths),
      package: untouched ? network.counts[l] : null,
    };
  });
}

/** The numbers as sentences. */
export function statusWords(network, row, inside, changed) {
  const { layers, neurons, regions, straight, most } = row;
  const deeper = `; bent ones in these layers at most ${whole(most)} (Serra et al.)`;
  const lines = `${neurons} straight line${neurons === 1 ? "" : "s"}`;
  const bound = `${lines} can make at most ${whole(straight)} (Zaslavsky)`;
  const moved = changed ? `, ${changed} neuron${changed === 1 ? "" : "s"} moved or switched` : "";
  const too = row.package === regions ? ", too" : "";
  const counted = row.package === null ? "" : ` Python counts ${whole(row.package)}${too}.`;
  return (
    `${whole(regions)} region${regions === 1 ? "" : "s"} (${layersName(layers)} of ` +
    `${network.widths.length}, ${neurons} of ${firstOf(network, layers)} neurons switched on` +
    `${moved}): ${whole(inside)} bounded by lines alone, ${whole(regions - inside)} cut off by ` +
    `the border. ${bound}${layers > 1 ? deeper : ""}.${counted}`
  );
}

/** What is told of the region at a point. */
export function regionWords(network, region, [x, y], domain, box) {
  const place = `At x₁ = ${decimal(x)}, x₂ = ${decimal(y)}`;
  const on = region.states.reduce((sum, state) => sum + state, 0);
  const area = areaOf(region.corners);
  const share = (100 * area) / areaOf(domain);
  const border = reachesBorder(region.corners, box) ? ", cut off by the border" : "";
  return (
    `${place}: pattern ${patternText(region.states, network.widths)} (1 is on), ${on} of ` +
    `${region.states.length} neurons on; area ${area.toPrecision(3)}, ${share.toPrecision(3)} % ` +
    `of the picture; a polygon of ${region.corners.length / 2} sides${border}.`
  );
}

/** One row for each region, for the file of numbers. */
export function rowsOf(network, regions, domain, box) {
  const all = areaOf(domain);
  return regions.map((region, index) => {
    const area = areaOf(region.corners);
    const [x1, x2] = middleOf(region.corners);
    const reaches = reachesBorder(region.corners, box);
    const active = region.states.reduce((sum, state) => sum + state, 0);
    return {
      region: index + 1, pattern: patternText(region.states, network.widths), active, area,
      share: area / all, cut_off: reaches ? 1 : 0, x1, x2,
    };
  });
}

/** Straight pieces of a neuron's line: corners that do not bend it are not counted. */
export function piecesOf(lines) {
  let pieces = 0;
  for (const points of lines) {
    pieces += 1;
    for (let k = 2; k + 3 < points.length; k += 2) {
      const dx0 = points[k] - points[k - 2];
      const dy0 = points[k + 1] - points[k - 1];
      const dx1 = points[k + 2] - points[k];
      const dy1 = points[k + 3] - points[k + 1];
      const sine = (dx0 * dy1 - dy0 * dx1) / (Math.hypot(dx0, dy0) * Math.hypot(dx1, dy1));
      if (Math.abs(sine) > 1e-6) pieces += 1;
    }
  }
  return pieces;
}

/** The rectangle of a domain's corners. */
export function boxOf(corners) {
  const xs = corners.filter((_, k) => k % 2 === 0);
  const ys = corners.filter((_, k) => k % 2 === 1);
  const box = { left: Math.min(...xs), right: Math.max(...xs) };
  return { ...box, bottom: Math.min(...ys), top: Math.max(...ys) };
}

/** What is told of the chosen neuron. */
export function neuronWords(network, neuron, { on }, lines) {
  const name = neuronName(network, neuron);
  const inputs = inputsOf(network, neuron);
  const few = ` It reads ${inputs ? "one input" : "no input"} only, so its line cannot be turned.`;
  const price = inputs < 2 ? few : "";
  if (!on) return `${name} is switched off: it draws no line, and its output is 0 everywhere.`;
  if (!lines.length) return `The line of ${name} lies outside of the picture; shift it.${price}`;
  const pieces = piecesOf(lines);
  const bends = pieces === 1 ? "is straight" : `has ${pieces} straight pieces`;
  return `The line of ${name} ${bends}; the arrow points to where the neuron is on.${price}`;
}

/** A network's name, with its parameters unless it tells them. */
export function networkName({ name, parameters }) {
  return name.includes("parameters") ? name : `${name}: ${parameters} parameters`;
}
