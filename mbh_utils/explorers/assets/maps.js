// Pictures of regions: a number for each pixel, a colour for each number, lines between them.

const [SAME, ABOVE, ABOVE_RIGHT, NEW] = [0, 1, 2, 3];

/** The number of each pixel's region, from the runs of explorers/region_maps.py. */
export function decodeMap(lengths, kinds, others, side) {
  const map = new Uint16Array(side * side);
  let at = 0;
  let highest = -1;
  let other = 0;
  for (let run = 0; run < kinds.length; run++) {
    let number;
    if (kinds[run] === SAME) number = map[at - 1];
    else if (kinds[run] === ABOVE) number = map[at - side];
    else if (kinds[run] === ABOVE_RIGHT) number = map[at - side + 1];
    else if (kinds[run] === NEW) number = ++highest;
    else number = others[other++];
    map.fill(number, at, at += lengths[run]);
  }
  return map;
}

/** 0 for a new value, else 1 + the number of the one that it repeats: the number of each value. */
export function numbersOf(repeats) {
  let next = 0;
  return Uint16Array.from(repeats, (repeated) => (repeated ? repeated - 1 : next++));
}

/** Which pixels lie at the border of two groups (to the right or below); group: one per region. */
export function borders(map, side, group) {
  const border = new Uint8Array(map.length);
  for (let i = 0, row = 0; row < side; row++) {
    for (let column = 0; column < side; column++, i++) {
      const own = group[map[i]];
      const right = column + 1 < side && group[map[i + 1]] !== own;
      border[i] = right || (row + 1 < side && group[map[i + side]] !== own) ? 1 : 0;
    }
  }
  return border;
}

/** A border as thick as it says, around its own pixels. */
export function thicker(border, side) {
  const wide = border.slice();
  for (let i = 0; i < border.length; i++) {
    if (!border[i]) continue;
    if (i % side) wide[i - 1] = 1;
    if (i >= side) wide[i - side] = 1;
  }
  return wide;
}

/**
 * Fills pixels (one number each, as an ImageData holds them) with colours of regions, then lines.
 * lines: [[border, colour], ...], the last on top.
 */
export function paint(pixels, map, colours, lines) {
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[map[i]];
  for (const [border, colour] of lines) {
    for (let i = 0; i < pixels.length; i++) if (border[i]) pixels[i] = colour;
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
 * Returns [{x, y, room}], room 0 where the group has no pixel. Distances are counted in pixels along
 * rows and columns and the edge of the picture counts as another group.
 */
export function roomiest(map, side, group, groups) {
  const found = Array.from({ length: groups }, () => ({ x: 0, y: 0, room: 0 }));
  const away = new Uint16Array(map.length);
  const is = (i, j) => group[map[i]] === group[map[j]];
  for (let i = 0; i < map.length; i++) {
    const isEdge = i % side === 0 || i < side;
    away[i] = isEdge ? 1 : Math.min(is(i, i - 1) ? away[i - 1] : 0, is(i, i - side) ? away[i - side] : 0) + 1;
  }
  for (let i = map.length - 1; i >= 0; i--) {
    const x = i % side;
    const isEdge = x === side - 1 || i >= map.length - side;
    const near = isEdge ? 0 : Math.min(is(i, i + 1) ? away[i + 1] : 0, is(i, i + side) ? away[i + side] : 0);
    away[i] = Math.min(away[i], near + 1);
    const best = found[group[map[i]]];
    if (best && away[i] > best.room) Object.assign(best, { x, y: Math.floor(i / side), room: away[i] });
  }
  return found;
}

/** Marks spanning images on a drawn plane: a numbered ring each. points: [[x, y], ...] from 0 to 1. */
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
