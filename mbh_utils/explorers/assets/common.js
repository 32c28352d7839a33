// What all explorers share: packed arrays, controls with names, the state in the address, saving.

/** A packed array of explorers/packing.py as a typed array (row-major; its shape is in entry.shape). */
export async function unpack(entry) {
  const bytes = Uint8Array.from(atob(entry.deflate), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const kinds = {
    uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int8: Int8Array, int16: Int16Array,
    int32: Int32Array, float32: Float32Array, float64: Float64Array,
  };
  return new kinds[entry.dtype](buffer);
}

/** An element with attributes, listeners (onclick: f) and children (elements or texts). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat());
  return element;
}

let count = 0;

/** A labelled control: {element, input}. JupyterLab keeps its shortcuts off the focused input. */
function labelled(words, input, wide = false) {
  input.id = `control-${++count}`;
  input.setAttribute("data-lm-suppress-shortcuts", "true");
  const element = h("div", { class: wide ? "control wide" : "control" });
  const label = h("label", { for: input.id }, words);
  element.append(label, input);
  return { element, input, label };
}

/**
 * A slider from min to max whose value is a number that screen readers can say as it is.
 * told(value) makes the words beside the label; changed(value) is called on every move.
 */
export function slider({ name, min, max, step, value, told = String, changed, marks = [] }) {
  const input = h("input", { type: "range", min, max, step, value });
  const made = labelled("", input, true);
  const output = h("output", { for: input.id });
  made.label.append(`${name}: `, output);
  const tell = () => { output.textContent = told(Number(input.value)); };
  input.addEventListener("input", () => { tell(); changed(Number(input.value)); });
  const list = h("datalist", { id: `${input.id}-marks` });
  made.element.append(list);
  made.setMarks = (places) => {
    list.replaceChildren(...places.map((place) => h("option", { value: place })));
    if (places.length) input.setAttribute("list", list.id);
    else input.removeAttribute("list");
  };
  made.setMarks(marks);
  tell();
  made.set = (next) => { input.value = next; tell(); };
  return made;
}

/** A drop-down list; options: [[value, words], ...]. */
export function select({ name, options, value, changed }) {
  const input = h("select", {}, options.map(([v, words]) => h("option", { value: v, selected: String(v) === String(value) }, words)));
  input.addEventListener("change", () => changed(input.value));
  const made = labelled(name, input);
  made.set = (next) => { input.value = next; };
  return made;
}

/** A button; pressed: true or false makes it one that stays down. */
export function button(words, clicked, { pressed, title } = {}) {
  const element = h("button", { type: "button", title, "data-lm-suppress-shortcuts": "true", onclick: clicked }, words);
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  return element;
}

/** A place whose text screen readers say when it changes, but not at every step of a drag. */
export function status() {
  const shown = h("p", { class: "status" });
  const said = h("span", { role: "status", style: "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)" });
  let timer = 0;
  return {
    element: h("div", {}, shown, said),
    tell(words) {
      shown.textContent = words;
      clearTimeout(timer);
      timer = setTimeout(() => { said.textContent = words; }, 400);
    },
    get words() { return shown.textContent; },
  };
}

/** Calls draw in the next frame, once, however often it is asked for before. */
export function inNextFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  };
}

/** The state that the address carries: "#class=3&coverage=0.8" -> {class: "3", coverage: "0.8"}. */
export function readState(defaults) {
  const given = new URLSearchParams(location.hash.replace(/^#/, ""));
  const state = { ...defaults };
  for (const name of Object.keys(defaults)) {
    if (!given.has(name)) continue;
    const text = given.get(name);
    if (typeof defaults[name] !== "number") state[name] = text;
    else if (text !== "" && Number.isFinite(Number(text))) state[name] = Number(text);
  }
  return state;
}

/** Puts the state into the address, where there is one (a frame inside a notebook has none). */
export function writeState(state) {
  const hash = "#" + new URLSearchParams(Object.entries(state).map(([k, v]) => [k, String(v)]));
  try { history.replaceState(null, "", hash); } catch { /* about:srcdoc */ }
}

/** A file from the page to the reader's disk. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function savePicture(canvas, name) {
  canvas.toBlob((blob) => download(name, blob), "image/png");
}

/** rows: [{column: value, ...}, ...] as a CSV file. */
export function saveNumbers(rows, name) {
  download(name, new Blob([csv(rows)], { type: "text/csv" }));
}

export function csv(rows) {
  const columns = Object.keys(rows[0]);
  const cell = (value) => {
    const text = value == null ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((c) => row[c]))].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

/** Whether the reader asked for less motion. */
export function calm() { return matchMedia("(prefers-reduced-motion: reduce)").matches; }

/** Whether the page is shown in dark colours; changed() is called when that changes. */
export function dark(changed) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  if (changed) query.addEventListener("change", changed);
  return query.matches;
}
