// The curves of a training over a logarithmic axis, with a line at the checkpoint shown.
import { h } from "./common.js";
import { grouped } from "./numbers.js";

const SIZE = { width: 460, height: 250, left: 40, right: 12, top: 12, bottom: 38 };
const LOOKS = {
  accuracy: { stroke: "var(--accent)", "stroke-width": 2.2 },
  own: { stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "7 3" },
  mean: { stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": "1.5 3" },
};

/** Where an iteration stands on the logarithmic axis, from 0 to 1; iteration 0 at the left end. */
export function alongAxis(iteration, last) {
  const from = Math.log10(0.5);
  return iteration < 1 ? 0 : (Math.log10(iteration) - from) / (Math.log10(last) - from);
}

/** An element of SVG. */
export function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * The curves: their svg, and a function that draws them for a checkpoint.
 * history: [[iteration, accuracy], ...]; seen: iterations of the checkpoints; chosen(index) is
 * called where the reader clicks next to a checkpoint.
 */
export function curves(history, seen, chosen) {
  const { width, height, left, right, top, bottom } = SIZE;
  const last = Math.max(history.at(-1)[0], seen.at(-1));
  const x = (i) => left + (width - left - right) * alongAxis(i, last);
  const y = (v) => height - bottom - (height - top - bottom) * v;
  const view = `0 0 ${width} ${height}`;
  const picture = drawn("svg", { viewBox: view, class: "picture", role: "img" });
  const moving = drawn("g", {});
  picture.append(axes(x, y, last), moving);
  picture.addEventListener("click", (event) => {
    const { left: from, width: wide } = picture.getBoundingClientRect();
    const place = ((event.clientX - from) / wide) * width;
    const gaps = seen.map((i) => Math.abs(x(i) - place));
    chosen(gaps.indexOf(Math.min(...gaps)));
  });
  const line = (points, look) => {
    const places = points.map(([i, v]) => `${x(i).toFixed(2)},${y(v).toFixed(2)}`);
    return drawn("polyline", { points: places.join(" "), fill: "none", ...look });
  };
  /** own, mean: s of the class and of all, one per checkpoint; words: the picture's name. */
  const draw = ({ index, accuracy, own, mean, words }) => {
    const at = x(seen[index]);
    moving.replaceChildren(
      drawn("line", { x1: at, x2: at, y1: y(0), y2: y(1), stroke: "currentColor" }),
      line(history, LOOKS.accuracy),
      line(mean.map((s, i) => [seen[i], s]), LOOKS.mean),
      line(own.map((s, i) => [seen[i], s]), LOOKS.own),
      dot(at, y(accuracy)),
      square(at, y(own[index])),
    );
    picture.setAttribute("aria-label", words);
  };
  return { picture, draw };
}

/** The frame: shares from 0 to 1 upwards, powers of ten to the right. */
function axes(x, y, last) {
  const { width, height, left, right } = SIZE;
  const frame = drawn("g", { "font-size": 12, fill: "currentColor" });
  const write = (words, attributes) => frame.append(drawn("text", attributes, words));
  for (const v of [0, 0.25, 0.5, 0.75, 1]) {
    const ends = { x1: left, x2: width - right, y1: y(v), y2: y(v) };
    frame.append(drawn("line", { ...ends, stroke: "var(--line)" }));
    write(String(v), { x: left - 6, y: y(v) + 4, "text-anchor": "end" });
  }
  const decades = [0];
  for (let i = 1; i <= last; i *= 10) decades.push(i);
  for (const i of decades) {
    const ends = { x1: x(i), x2: x(i), y1: y(0), y2: y(0) + 4 };
    frame.append(drawn("line", { ...ends, stroke: "currentColor" }));
    write(grouped(i), { x: x(i), y: y(0) + 17, "text-anchor": "middle" });
  }
  write("iterations (logarithmic)", { x: x(last), y: height - 5, "text-anchor": "end" });
  return frame;
}

function dot(x, y) {
  return drawn("circle", { cx: x, cy: y, r: 5, fill: "var(--accent)" });
}

function square(x, y) {
  return drawn("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, fill: "currentColor" });
}

/** What the lines mean. */
export function curvesLegend() {
  const key = (words, look, ...marks) => {
    const line = drawn("line", { x1: 0, x2: 34, y1: 7, y2: 7, ...look });
    const picture = drawn("svg", { width: 34, height: 14, "aria-hidden": "true" }, line, ...marks);
    return h("li", {}, picture, words);
  };
  return h("ul", { class: "legend" },
    key("validation accuracy", LOOKS.accuracy, dot(17, 7)),
    key("s of the class", LOOKS.own, square(17, 7)),
    key("s, mean of all classes", LOOKS.mean),
  );
}
