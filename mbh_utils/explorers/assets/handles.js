// Handles on a picture: dragged, or focused and moved by arrow keys.
import { h } from "./common.js";

/** Something on the picture that is dragged, or focused and moved by arrow keys. */
export function handle(kind, title) {
  return h("div", {
    class: `handle ${kind}`, role: "slider", tabindex: 0, title, "aria-label": title,
    "aria-valuenow": 0, "data-lm-suppress-shortcuts": "true",
  }, h("span", { "aria-hidden": "true" }));
}

export function tellHandle(element, name, value, text, most) {
  element.setAttribute("aria-label", name);
  element.setAttribute("aria-valuemin", -most);
  element.setAttribute("aria-valuemax", most);
  element.setAttribute("aria-valuenow", value);
  element.setAttribute("aria-valuetext", text);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function movable(element, { dragged, pressed }) {
  let held = false;
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    held = true;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => { if (held) dragged(event); });
  for (const end of ["pointerup", "pointercancel"]) {
    element.addEventListener(end, () => { held = false; });
  }
  element.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [dx, dy] = ARROWS[event.key];
    const far = event.shiftKey ? 5 : 1;
    pressed(far * dx, far * dy);
  });
}
