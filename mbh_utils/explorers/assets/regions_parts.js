// Parts of the explorer of activation regions that do not change, and its look.
import { h } from "./common.js";
import { whole } from "./regions_words.js";

export const LOOK = `
.stage { position: relative; max-width: 40rem; }
.stage canvas { cursor: crosshair; border: 1px solid var(--line); }
.handle { position: absolute; width: 44px; height: 44px; margin: -22px 0 0 -22px; cursor: grab;
  touch-action: none; display: grid; place-items: center; border-radius: 50%; }
.handle[hidden] { display: none; }
.handle span { display: block; width: 18px; height: 18px; background: var(--paper);
  border: 4px solid var(--ink); }
.handle.shift span { border-radius: 50%; }
.handle.turn span { transform: rotate(45deg); width: 15px; height: 15px; }
.handle.point { width: 36px; height: 36px; margin: -18px 0 0 -18px; }
.handle.point span { border: 0; width: 24px; height: 24px; background:
  linear-gradient(var(--ink), var(--ink)) 50% 50% / 24px 3px no-repeat,
  linear-gradient(var(--ink), var(--ink)) 50% 50% / 3px 24px no-repeat,
  linear-gradient(var(--paper), var(--paper)) 50% 50% / 24px 7px no-repeat,
  linear-gradient(var(--paper), var(--paper)) 50% 50% / 7px 24px no-repeat; }
main { overflow-x: clip; }
.pattern { overflow-wrap: anywhere; min-height: 4.5em; }
button:disabled, input:disabled { opacity: 0.5; cursor: default; }
.row { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.regions-side h2:first-child { margin-top: 0; }
.numbers th, .numbers td { text-align: right; padding: 0.15rem 0.5rem; vertical-align: bottom; }
.numbers th:first-child { text-align: left; padding-left: 0; }
`;

/** A row of the table of numbers. */
export function tableRow(row) {
  const counted = row.package === null ? "moved" : whole(row.package);
  const cells = [row.neurons, whole(row.regions), whole(row.straight), whole(row.most), counted];
  const name = row.layers === 1 ? "1" : `1 to ${row.layers}`;
  return h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell)));
}

/** What the lines and signs on the picture mean. */
export function legend() {
  const entries = [
    ["——", "line of a neuron of layer 1"], ["– –", "of layer 2"], ["·····", "of layer 3"],
    ["○", "handle that shifts the chosen line"], ["◇", "handle that turns it"],
    ["+", "point whose region (striped) is told"],
  ];
  return h("ul", { class: "legend" }, entries.map(([sign, text]) =>
    h("li", {}, h("span", { "aria-hidden": "true" }, sign), text)));
}

/** What to try, and why it matters. */
export function advice() {
  const tries = [
    "Drag the round handle, or any line: the bias of its neuron changes and the line shifts. The " +
      "square handle turns it. A line of layer 2 bends where it meets one of layer 1: move that " +
      "one, and the bend moves along.",
    "Switch a neuron off: its line goes, the regions on both sides of it join, and the lines of " +
      "later layers lose a bend.",
    "Step through the layers. Those of layer 1 are straight and make at most as many regions as " +
      "Zaslavsky's number says. Bent lines can cross each other more than once, so that from two " +
      "layers on only the bound by Serra et al. holds. Most networks stay far below it.",
    "Compare the dense 2-16-16 with the sparse 2-32-32: as many parameters, twice as many lines.",
  ];
  const why =
    "A sparse network spreads the same number of parameters over more neurons. More neurons draw " +
    "more lines, and more lines make more regions: more complex functions can be learned. The " +
    "price: a neuron with few inputs can turn its line in few directions only, and one with " +
    "a single input not at all.";
  const meaning =
    "An activation pattern says for every neuron whether it is on (1) or off (0); an activation " +
    "region is the set of all inputs with one pattern, here a convex polygon. Its colour comes " +
    "from its pattern: what keeps its pattern keeps its colour, and neighbours never have the " +
    "same. All numbers come from the polygons (float64), none from pixels.";
  return h("div", {},
    h("h2", {}, "Try"), h("ul", {}, tries.map((text) => h("li", {}, text))),
    h("h2", {}, "Why it matters"), h("p", {}, why), h("p", { class: "hint" }, meaning));
}
