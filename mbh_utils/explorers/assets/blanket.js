// The explorer of minimal blankets: class x c_P x network x plane, by look-up in rank maps.

import { unpack, h, slider, select, button, status, inNextFrame, dark } from "./common.js";
import { readState, writeState, savePicture, saveNumbers } from "./common.js";
import { pixelColour, roomFor, paint, pixelAt, INSIDE } from "./blanket_map.js";
import { weightsAt, mixedImage } from "./blanket_map.js";
import { fixed, percent, general, unpackView, rowAt, blanketWords } from "./blanket_lookup.js";
import { changes, kindsAt, groupWords, numbersOf } from "./blanket_lookup.js";
import { checkedState, placesOf } from "./blanket_lookup.js";

// ------------------------------------------------------------------------------ the page

const COLOURS = {
  light: { outside: "#a9d3ee", inside: "#d55e00", hatch: "#b04c00", outline: "#1b1b1b" },
  dark: { outside: "#24485f", inside: "#e8772a", hatch: "#b9540f", outline: "#ffffff" },
};
const SHAPES = ["●", "■", "▲"];
const WORDS = [
  ["region", "a part of the plane on which no neuron switches on or off"],
  ["c_P", "minimum coverage: the share of the class's images that must follow the pattern"],
  ["constraint", "a neuron of the last hidden layer and the state it must have; neurons are "
    + "numbered from 0 over all hidden layers"],
  ["blanket", "all regions on which the constraints of the class's pattern hold"],
  ["s", "specialization, 1 − blanket area / area of the domain: near 1, the pattern is the "
    + "class's own"],
];
const STYLE = `
.map { position: relative; max-width: 44rem; }
.map canvas { border: 1px solid var(--line); touch-action: manipulation; cursor: crosshair; }
.marker { position: absolute; transform: translate(-50%, -50%); width: 1.75rem; height: 1.75rem;
  min-height: 0;
  padding: 0; border-radius: 50%; line-height: 1; font-size: 1rem; background: var(--paper);
  border: 2px solid var(--ink); }
.marker.movable { background: transparent; border: 0; font-size: 1.6rem; pointer-events: none;
  text-shadow: 0 0 3px var(--paper), 0 0 3px var(--paper); }
.marker[hidden], .name[hidden] { display: none; }
.name { position: absolute; transform: translate(-50%, 0.95rem); background: var(--paper);
  color: var(--ink);
  border-radius: 0.2rem; padding: 0 0.3rem; font-size: 0.8rem; pointer-events: none;
  white-space: nowrap; }
.plain { background: var(--outside); }
.hatched { border: 2px solid var(--outline);
  background: repeating-linear-gradient(135deg, var(--inside) 0 4px, var(--hatch) 4px 6px); }
.thumbnail { width: 7rem; height: 7rem; image-rendering: pixelated; border: 1px solid var(--line); }
.looked { display: flex; gap: 1rem; align-items: start; flex-wrap: wrap; }
.looked > div { flex: 1 1 14rem; }
dl { margin: 0.3rem 0; font-size: 0.9rem; }
dt { font-weight: 600; float: left; clear: left; margin-right: 0.4rem; } dd { margin: 0 0 0.2rem; }
tbody th { font-weight: 400; } tr.now > * { font-weight: 700; }
`;

/** The places at which a list of objects differs in one property, each once, in order. */
function distinct(list, name) { return [...new Set(list.map((one) => one[name]))]; }

export async function start(root, data) {
  const asked = readState({ ...data.start, at: "" });
  let state = checkedState(data, asked);
  let wanted = state;
  let place = placesOf(data, state);
  const views = new Map();
  let seen = await viewOf(place.model, place.domain);
  let n = seen.size;
  let room = roomFor(n);
  let looked = { point: null, u: 0, v: 0 };

  const page = build();
  root.replaceChildren(h("style", {}, STYLE), page.element);
  const redraw = inNextFrame(draw);
  dark(redraw);
  looked = startingPoint(asked.at);
  placeMarkers();
  showChoices();
  page.coverage.set(state.coverage);
  draw();

  async function viewOf(model, domain) {
    const key = model * data.domains.length + domain;
    if (!views.has(key)) views.set(key, unpackView(data, model, domain));
    return views.get(key);
  }

  function domainNow() { return data.domains[place.domain]; }

  /** Takes a change of the state; only another network or plane has to be unpacked first. */
  async function change(part) {
    const next = checkedState(data, { ...wanted, ...part });
    wanted = next;
    const to = placesOf(data, next);
    const isOther = to.model !== place.model || to.domain !== place.domain;
    const found = isOther ? await viewOf(to.model, to.domain) : seen;
    if (wanted !== next) return;  // something else was chosen meanwhile
    const before = place;
    state = next;
    place = to;
    seen = found;
    if (seen.size !== n) resize();
    if (before.domain !== place.domain) {
      looked = startingPoint("");
      placeMarkers();
    }
    if (isOther || before.phenomenon !== place.phenomenon) showChoices();
    page.coverage.set(state.coverage);
    redraw();
  }

  function resize() {
    n = seen.size;
    room = roomFor(n);
    Object.assign(page.canvas, { width: n, height: n });
  }

  // ---------------------------------------------------------------- elements

  function build() {
    const made = {};
    made.class = select({
      name: "class", options: data.phenomena.map((p) => [p.key, p.option]), value: state.class,
      changed: (value) => change({ class: value }),
    });
    made.coverage = slider({
      name: "minimum coverage c_P", min: data.coverages[0], max: data.coverages.at(-1), step: 0.01,
      value: state.coverage, told: (c) => fixed(c, 2),
      changed: (value) => change({ coverage: value }),
    });
    made.network = choice("network", distinct(data.models, "network"));
    made.state = choice("state", distinct(data.models, "state"));
    made.domain = choice("domain", distinct(data.domains, "name"), "part of the plane");
    made.canvas = h("canvas", { role: "img", width: n, height: n });
    made.canvas.addEventListener("pointermove", pointed);
    made.canvas.addEventListener("pointerdown", pointed);
    made.markers = h("div", {});
    made.status = status();
    made.looked = status();
    made.thumbnail = h("canvas", { class: "thumbnail", role: "img" });
    made.legend = h("ul", { class: "legend" });
    made.networks = h("div", {
      class: "scroll", tabindex: "0", role: "region", "aria-label": "All networks in numbers",
    });
    made.count = h("p", { class: "hint" });
    const panels = h("div", { class: "panels" }, left(made), right(made));
    made.element = h("div", {}, controls(made), panels);
    return made;
  }

  /** A drop-down list for a part of the state, where there is more than one choice. */
  function choice(part, values, name = part) {
    if (values.length < 2) return null;
    const options = values.map((value) => [value, value]);
    const changed = (value) => change({ [part]: value });
    return select({ name, options, value: state[part], changed });
  }

  function controls(made) {
    const ways = ["smaller", "larger"];
    const titles = ways.map((way) => `to the next ${way} c_P with another picture`);
    const back = button("previous change", () => step(-1), { title: titles[0] });
    const on = button("next change", () => step(1), { title: titles[1] });
    const reset = button("start again", () => change({ ...data.start }));
    const list = [made.class, made.coverage, made.network, made.state, made.domain];
    const chosen = list.filter(Boolean).map((one) => one.element);
    return h("div", { class: "controls" }, chosen, back, on, reset);
  }

  function left(made) {
    const map = h("div", { class: "map" }, made.canvas, made.markers);
    const hint = h("p", { class: "hint" },
      "Point at a place, or move the cross with the arrow keys, to see what holds there.");
    return h("div", { class: "panel" }, map, made.legend, hint);
  }

  function right(made) {
    const save = h("div", { class: "controls" },
      button("save picture", picture), button("save numbers", numbers));
    const terms = WORDS.flatMap(([term, meaning]) => [h("dt", {}, term), h("dd", {}, meaning)]);
    const words = h("dl", {}, terms);
    const thumbnail = data.domains.some((d) => d.images) ? made.thumbnail : [];
    const looked = h("div", { class: "looked" }, made.looked.element, thumbnail);
    const tried = "Try: move c_P to 1. What all images agree on is less, so constraints fall away "
      + "and the blanket grows. Then compare the networks: which one keeps a class in the smaller "
      + "part of the plane?";
    return h("div", { class: "panel" },
      h("h2", {}, "This blanket"), made.status.element, made.count,
      h("h2", {}, "At this place"), looked, h("h2", {}, "In every network"), made.networks,
      h("p", { class: "hint" }, tried), words, save);
  }

  /** What depends on class, network and plane, but not on c_P. */
  function showChoices() {
    for (const part of ["class", "network", "state", "domain"]) page[part]?.set(state[part]);
    const marks = changes(data, seen, place.phenomenon);
    page.coverage.setMarks(marks.map((i) => data.coverages[i]));
    const { regions } = seen.view;
    page.count.textContent = `${data.data}, network ${state.network}, ${state.state}`
      + (seen.facts.accuracy === null ? "" : ` (accuracy ${percent(seen.facts.accuracy)})`)
      + `: ${regions.toLocaleString("en")} regions in the ${state.domain}. `
      + "Along the slider the blanket changes "
      + `${marks.length} time${marks.length === 1 ? "" : "s"}, at the marks.`;
  }

  function placeMarkers() {
    const domain = domainNow();
    const markers = domain.points.map(([u, v], i) => {
      const name = domain.names[i];
      const words = `spanning image ${i + 1} (${name})`;
      const marker = button(SHAPES[i % 3], () => lookAt({ point: i, u, v }), { title: words });
      marker.className = "marker";
      marker.setAttribute("aria-label", words);
      marker.addEventListener("focus", () => lookAt({ point: i, u, v }));
      marker.addEventListener("pointerenter", () => lookAt({ point: i, u, v }));
      const label = h("span", { class: "name", "aria-hidden": "true" }, name);
      return [put(marker, u, v), put(label, u, v)];
    });
    const here = () => lookAt({ ...looked, point: null });
    const movable = button("✛", here, { title: "a place to look at" });
    movable.className = "marker movable";
    movable.addEventListener("keydown", moved);
    movable.addEventListener("focus", () => lookAt({ ...looked, point: null }));
    page.movable = movable;
    const had = page.markers.contains(document.activeElement);
    page.markers.replaceChildren(...markers.flat(), movable);
    if (had) movable.focus();
    showPlace();
    const swatch = (kind, words) => h("li", {}, h("span", { class: `swatch ${kind}` }), words);
    page.legend.replaceChildren(
      swatch("hatched", "minimal blanket"),
      swatch("plain", "outside"),
      ...domain.names.map((name, i) => (
        h("li", {}, `${SHAPES[i % 3]} spanning image ${i + 1}: ${name}`)
      )),
      h("li", {}, "✛ the place you look at"),
    );
  }

  /** Puts an element over a place of the plane. */
  function put(element, u, v) {
    const domain = domainNow();
    element.style.left = `${(u - domain.low[0]) / domain.side * 100}%`;
    element.style.top = `${(1 - (v - domain.low[1]) / domain.side) * 100}%`;
    return element;
  }

  // ---------------------------------------------------------------- a place to look at

  function startingPoint(text) {
    const domain = domainNow();
    const given = text.split(",").map(Number);
    if (given.length === 2 && given.every(Number.isFinite)) {
      return { point: null, u: given[0], v: given[1] };
    }
    if (domain.points.length) return { point: 0, u: domain.points[0][0], v: domain.points[0][1] };
    return { point: null, u: domain.low[0] + domain.side / 2, v: domain.low[1] + domain.side / 2 };
  }

  function pointed(event) {
    const box = page.canvas.getBoundingClientRect();
    const domain = domainNow();
    const u = domain.low[0] + (event.clientX - box.left) / box.width * domain.side;
    const v = domain.low[1] + (1 - (event.clientY - box.top) / box.height) * domain.side;
    lookAt({ point: null, u, v });
  }

  /** Arrow keys move the cross by a hundredth of the picture, with shift by a tenth. */
  function moved(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const domain = domainNow();
    const far = domain.side * (event.shiftKey ? 0.1 : 0.01);
    const held = (x, low) => Math.min(Math.max(x, low), low + domain.side);
    const u = held(looked.u + way[0] * far, domain.low[0]);
    const v = held(looked.v + way[1] * far, domain.low[1]);
    lookAt({ point: null, u, v });
  }

  function lookAt(next) {
    looked = next;
    showPlace();
    redraw();
  }

  function groupHere() {
    if (looked.point !== null) return seen.view.points[looked.point].group;
    const [column, row] = pixelAt(domainNow(), n, looked.u, looked.v);
    if (column < 0 || row < 0 || column >= n || row >= n) return null;
    return seen.map[row * n + column];
  }

  function placeWords() {
    const what = groupWords(data, seen, place.phenomenon, place.step, groupHere());
    if (looked.point === null) {
      return `At (${general(looked.u, 3)}, ${general(looked.v, 3)}): ${what}.`;
    }
    const { area } = seen.view.points[looked.point];
    const share = percent(area / domainNow().area);
    const of = area === null ? ""
      : `; its activation region has area ${general(area, 3)}, ${share} of the domain`;
    return `Spanning image ${looked.point + 1} (${domainNow().names[looked.point]}): ${what}${of}.`;
  }

  async function showPlace() {
    const domain = domainNow();
    put(page.movable, looked.u, looked.v);
    const at = `${general(looked.u, 3)}, ${general(looked.v, 3)}`;
    page.movable.setAttribute("aria-label", `place to look at: ${at}; arrow keys move it`);
    if (!domain.images || domain.points.length !== 3) { page.thumbnail.hidden = true; return; }
    domain.bytes ??= unpack(domain.images.pixels);
    const grey = mixedImage(await domain.bytes, weightsAt(domain.points, looked.u, looked.v));
    const [rows, columns] = domain.images.shape;
    Object.assign(page.thumbnail, { width: columns, height: rows, hidden: false });
    const image = new ImageData(columns, rows);
    grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
    page.thumbnail.getContext("2d").putImageData(image, 0, 0);
    const words = looked.point === null ? "The image at this place: a mix of the spanning images"
      : `Spanning image ${looked.point + 1}`;
    page.thumbnail.setAttribute("aria-label", words);
  }

  // ---------------------------------------------------------------- drawing and telling

  function draw() {
    const began = performance.now();
    const scheme = COLOURS[dark() ? "dark" : "light"];
    const colours = {};
    for (const name of Object.keys(scheme)) colours[name] = pixelColour(scheme[name]);
    for (const [name, text] of Object.entries(scheme)) root.style.setProperty(`--${name}`, text);
    const kinds = kindsAt(data, seen, place.phenomenon, place.step);
    paint(seen.map, kinds, colours, room);
    const bytes = new Uint8ClampedArray(room.pixels.buffer);
    page.canvas.getContext("2d").putImageData(new ImageData(bytes, n, n), 0, 0);
    tell();
    root.dataset.drawn = String(performance.now() - began);
  }

  function tell() {
    const phenomenon = data.phenomena[place.phenomenon];
    const row = rowAt(data, seen, place.domain, place.phenomenon, place.step);
    const words = `${blanketWords(phenomenon, state.coverage, row)}.`;
    page.status.tell(words);
    page.looked.tell(placeWords());
    const what = `Map of the ${state.domain}, network ${state.network}, ${state.state}.`;
    page.canvas.setAttribute("aria-label", `${what} ${words} ${insiders()}`);
    compare();
    const at = looked.point === null ? `${general(looked.u, 4)},${general(looked.v, 4)}` : "";
    writeState({ ...state, at });
  }

  /** Which of the spanning images lie in the blanket. */
  function insiders() {
    const domain = domainNow();
    const isInside = (i) => seen.kinds[seen.view.points[i].group ?? seen.nGroups] === INSIDE;
    const inside = domain.names.filter((_, i) => isInside(i));
    if (!domain.names.length) return "";
    return `Spanning images inside: ${inside.length ? inside.join(", ") : "none"}.`;
  }

  /** The same class and c_P in every network on this plane. */
  async function compare() {
    const { phenomenon, step, domain } = place;
    const all = await Promise.all(data.models.map((_, model) => numbersAt(model, domain)));
    const titles = ["network", "constraints", "met by", "blanket", "s"];
    const head = titles.map((word) => h("th", { scope: "col" }, word));
    const rows = data.models.map((model, i) => {
      const row = rowAt(data, all[i], domain, phenomenon, step);
      const isNow = i === place.model;
      const cells = [row.constraints, percent(row.met), percent(row.share), fixed(row.s, 3)];
      const called = `${isNow ? "▸ " : ""}${model.network}, ${model.state}`;
      const name = h("th", { scope: "row" }, called);
      const kind = isNow ? { class: "now", "aria-current": "true" } : {};
      return h("tr", kind, name, cells.map((cell) => h("td", {}, String(cell))));
    });
    const content = [h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)];
    page.networks.replaceChildren(h("table", {}, content));
  }

  /** Lengths, coverages and areas of a network, without its picture. */
  function numbersAt(model, domain) {
    const key = `numbers ${model} ${domain}`;
    if (!views.has(key)) {
      const view = data.views[model * data.domains.length + domain];
      const { lengths, met } = data.models[model];
      const packed = { lengths, met, areas: view.areas };
      const pairs = Object.entries(packed);
      const unpacked = pairs.map(async ([name, entry]) => [name, await unpack(entry)]);
      views.set(key, Promise.all(unpacked).then(Object.fromEntries));
    }
    return views.get(key);
  }

  /** To the next c_P, up or down, at which the picture changes. */
  function step(way) {
    // A mark is where a new picture begins; going down, the picture before it ends one step lower.
    const marks = changes(data, seen, place.phenomenon);
    const ends = marks.map((i) => i - 1);
    const next = way > 0 ? marks.find((i) => i > place.step) : ends.findLast((i) => i < place.step);
    if (next !== undefined) change({ coverage: data.coverages[next] });
  }

  // ---------------------------------------------------------------- saving

  function fileName(ending) {
    const isPicture = ending === "png";
    const shown = isPicture ? [state.class, fixed(state.coverage, 2)] : ["all"];
    const parts = ["blanket", state.network, state.state, state.domain, ...shown];
    return `${parts.filter(Boolean).join("-").replace(/[^\w.]+/g, "-")}.${ending}`;
  }

  function numbers() { saveNumbers(numbersOf(data, seen, place.domain), fileName("csv")); }

  /** The map with its points, and below it what it shows. */
  function picture() {
    const line = 26;
    const of = `${data.data}, network ${state.network}, ${state.state}, ${state.domain}`;
    const words = [...page.status.words.split("; "), of];
    const canvas = h("canvas", { width: n, height: n + line * (words.length + 1) });
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(page.canvas, 0, 0);
    context.font = "18px sans-serif";
    context.textAlign = "center";
    const domain = domainNow();
    domain.points.forEach(([u, v], i) => {
      const [x, y] = pixelAt(domain, n, u, v);
      const half = context.measureText(domain.names[i]).width / 2 + 6;
      context.fillStyle = "#ffffff";
      context.fillRect(x - half, y - 14, 2 * half, 44);
      context.fillStyle = "#1b1b1b";
      context.fillText(SHAPES[i % 3], x, y + 6);
      context.fillText(domain.names[i], x, y + 25);
    });
    context.textAlign = "left";
    words.forEach((text, i) => context.fillText(text, 8, n + line * (i + 1)));
    savePicture(canvas, fileName("png"));
  }
}
