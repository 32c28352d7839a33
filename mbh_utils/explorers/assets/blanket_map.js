// Pictures of areas of equal numbers: painted, and measured in pixels.

/** "#rrggbb" as the four bytes of a pixel, in the order of little-endian machines. */
export function pixelColour(text) {
  const rgb = parseInt(text.slice(1), 16);
  return ((255 << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

/** Kinds of pixels, in the order of the colours that paint() takes. */
export const BEYOND = 0;
export const OUTSIDE = 1;
export const INSIDE = 2;

/** Room for painting a square picture: pixels, and a kind for each, below two rows of BEYOND. */
export function roomFor(columns) {
  const pixels = new Uint32Array(columns * columns);
  return { columns, pixels, kinds: new Uint8Array(columns * (columns + 2)) };
}

/**
 * Paints a square map into room.pixels: kindOf says of each number whether it is BEYOND the domain,
 * OUTSIDE of the blanket or INSIDE. Slanted lines hatch the inside, an outline surrounds it.
 * colours: {outside, inside, hatch, outline} as pixelColour() makes them.
 */
export function paint(map, kindOf, colours, room) {
  const { columns, pixels, kinds } = room;
  const above = 2 * columns;
  for (let i = 0; i < map.length; i++) kinds[above + i] = kindOf[map[i]];
  // For each of 16 slanted lines the colours of the three kinds, and one that is not used.
  const colourOf = new Uint32Array(64);
  for (let line = 0; line < 16; line++) {
    colourOf[4 * line + OUTSIDE] = colours.outside;
    colourOf[4 * line + INSIDE] = line < 3 ? colours.hatch : colours.inside;
  }
  const outline = colours.outline;
  for (let row = 0, i = 0; row < columns; row++) {
    let left = BEYOND;
    let before = BEYOND;  // the kind two pixels to the left
    for (let column = 0; column < columns; column++, i++) {
      const kind = kinds[above + i];
      // Only OUTSIDE and INSIDE make 3: where they meet, two pixels wide, runs the outline.
      const isBorder = kind + kinds[i] === 3 || kind + before === 3;
      pixels[i] = isBorder ? outline : colourOf[(((row + column) & 15) << 2) + kind];
      before = left;
      left = kind;
    }
  }
}

/** Column and row of the pixel at a point of the plane; it may lie off the picture. */
export function pixelAt(domain, columns, u, v) {
  const column = Math.floor((u - domain.low[0]) / domain.side * columns);
  const row = Math.floor((1 - (v - domain.low[1]) / domain.side) * columns);
  return [column, row];
}

/** Weights of three points whose weighted mean is the point (u, v); they sum to 1. */
export function weightsAt(points, u, v) {
  const [[x0, y0], [x1, y1], [x2, y2]] = points;
  const twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
  const second = ((u - x0) * (y2 - y0) - (x2 - x0) * (v - y0)) / twice;
  const third = ((x1 - x0) * (v - y0) - (u - x0) * (y1 - y0)) / twice;
  return [1 - second - third, second, third];
}

/** The image at a point of a plane through three images of bytes, grey as bytes. */
export function mixedImage(images, weights) {
  const n = images.length / 3;
  const grey = new Uint8ClampedArray(n);
  for (let i = 0; i < n; i++) {
    grey[i] = weights[0] * images[i] + weights[1] * images[n + i] + weights[2] * images[2 * n + i];
  }
  return grey;
}
