// Pictures of regions: a number for each pixel, a colour for each number, lines between them.
import { h } from "./common.js";

/** 0 for a new value, else 1 + the number of the one that it repeats: the number of each value. */
export function numbersOf(repeats) {
  let next = 0;
  return Uint16Array.from(repeats, (repeated) => (repeated ? repeated - 1 : next++));
}

let room = new Uint32Array(0); // of borders(), kept from call to call

/**
 * The pixels at borders of groups, as their indices; group: one per region.
 * A thick border has a second pixel to the left and above.
 */
export function borders(map, side, group, thick = false) {
  if (room.length < 3 * map.length) room = new Uint32Array(3 * map.length);
  const found = room;
  let n = 0;
  for (let i = 0, row = 0; row < side; row++) {
    const isLast = row === side - 1;
    for (let column = 0; column < side; column++, i++) {
      const own = group[map[i]];
      const right = column < side - 1 && group[map[i + 1]] !== own;
      if (!right && (isLast || group[map[i + side]] === own)) continue;
      found[n++] = i;
      if (thick && column) found[n++] = i - 1;
      if (thick && row) found[n++] = i - side;
    }
  }
  return found.slice(0, n);
}

/**
 * Fills pixels (one number each, as an ImageData holds them) with colours of regions, then lines.
 * lines: [[indices of pixels, colour], ...], the last on top.
 */
export function paint(pixels, map, colours, lines) {
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[map[i]];
  for (const [places, colour] of lines) {
    for (let k = 0; k < places.length; k++) pixels[places[k]] = colour;
  }
}

/** A colour as an ImageData holds it on this machine (little end first), from "#rrggbb". */
export function inked(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return ((255 << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

/** A quiet colour of a byte: its hue by one half, its lightness by the other. */
export function hashColour(byte, isDark) {
  const hue = ((byte & 31) * 360) / 32;
  const level = (byte >> 5) / 7;
  const light = isDark ? 0.22 + 0.26 * level : 0.66 + 0.26 * level;
  return fromHsl(hue, isDark ? 0.42 : 0.55, light);
}

/** "#rrggbb" from hue (degrees), saturation and lightness (0 to 1). */
export function fromHsl(hue, saturation, light) {
  const reach = saturation * Math.min(light, 1 - light);
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

/**
 * For each group the pixel that is farthest from other groups: where its name has most room.
 * Returns [{x, y, room}], room 0 where the group has no pixel. Distances are counted along rows
 * and columns, and beyond the edge of the picture is another group.
 */
export function roomiest(map, side, group, groups) {
  const away = stepsToOthers(map, side, group);
  const found = Array.from({ length: groups }, () => ({ x: 0, y: 0, room: 0 }));
  for (let i = 0; i < map.length; i++) {
    const best = found[group[map[i]]];
    if (!best || away[i] <= best.room) continue;
    Object.assign(best, { x: i % side, y: Math.floor(i / side), room: away[i] });
  }
  return found;
}

/** Steps from each pixel to the nearest one of another group, or to beyond the edge. */
function stepsToOthers(map, side, group) {
  const away = new Uint16Array(map.length);
  const own = (i) => group[map[i]];
  for (let i = 0; i < map.length; i++) {
    let near = 0;
    if (i % side && i >= side) {
      const left = own(i - 1) === own(i) ? away[i - 1] : 0;
      near = own(i - side) === own(i) ? Math.min(left, away[i - side]) : 0;
    }
    away[i] = near + 1;
  }
  for (let i = map.length - 1; i >= 0; i--) {
    let near = 0;
    if ((i + 1) % side && i + side < map.length) {
      const right = own(i + 1) === own(i) ? away[i + 1] : 0;
      near = own(i + side) === own(i) ? Math.min(right, away[i + side]) : 0;
    }
    away[i] = Math.min(away[i], near + 1);
  }
  return away;
}

/** Values of regions, and one more for what lies outside of the domain. */
export function withOutside(values, outside) {
  const longer = new values.constructor(values.length + 1);
  longer.set(values);
  longer[values.length] = outside;
  return longer;
}

/** The pixels of every tenth diagonal, as their indices, in regions where inside says 1. */
export function hatch(map, inside, side, every = 10) {
  const found = [];
  for (let row = 0; row < side; row++) {
    for (let column = every - 1 - (row % every); column < side; column += every) {
      const i = row * side + column;
      if (inside[map[i]]) found.push(i);
    }
  }
  return found;
}

/** A canvas of side x side pixels that is shown scale times as large, with sharp letters. */
export function pixelCanvas(side, scale) {
  const canvas = h("canvas", { width: side * scale, height: side * scale, role: "img" });
  const context = canvas.getContext("2d");
  const small = h("canvas", { width: side, height: side });
  const smallContext = small.getContext("2d");
  const image = smallContext.createImageData(side, side);
  /** Shows what stands in pixels. */
  const put = () => {
    smallContext.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side * scale, side * scale);
  };
  return { canvas, context, pixels: new Uint32Array(image.data.buffer), put };
}

/** Colours of blankets in both schemes. */
export function blanketInk(isDark) {
  const [inside, lines, outside, edge, regions] = isDark
    ? ["#7a5c14", "#d9ab3c", "#23282c", "#ffffff", "#3a4146"]
    : ["#f3cf7a", "#a87400", "#f1f1ee", "#000000", "#c4c4c0"];
  return {
    inside: inked(inside), lines: inked(lines), outside: inked(outside), edge: inked(edge),
    regions: inked(regions),
  };
}

/** Marks spanning images on a plane: a numbered ring each. points: [[x, y], ...] from 0 to 1. */
export function markPoints(context, points, side, scale = 1) {
  context.font = `bold ${11 * scale}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [i, [x, y]] of points.entries()) {
    context.beginPath();
    context.arc(x * side, y * side, 8 * scale, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    context.lineWidth = 2 * scale;
    context.strokeStyle = "#000000";
    context.stroke();
    context.fillStyle = "#000000";
    context.fillText(String(i + 1), x * side, y * side + 0.5 * scale);
  }
}

/** A text on any ground: dark letters with a light rim. */
export function writeOn(context, words, x, y, scale = 1) {
  context.font = `600 ${12 * scale}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3.5 * scale;
  context.strokeStyle = "#ffffff";
  context.strokeText(words, x, y);
  context.fillStyle = "#000000";
  context.fillText(words, x, y);
}

/** Which number stands for which spanning image. */
export function pointsLegend(points, names) {
  if (!points.length) return "";
  const listed = points.map((_, i) => {
    return h("li", {}, h("strong", {}, String(i + 1)), names[i] ?? "a spanning image");
  });
  const attributes = { class: "legend", "aria-label": "images that span the plane" };
  return h("ul", attributes, h("li", {}, "images that span the plane:"), listed);
}
