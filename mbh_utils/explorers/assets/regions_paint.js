// What the explorer of activation regions paints on its canvas.
import { colourOf, COLOURS } from "./neurons.js";

const DASHES = [[], [9, 4], [2, 4]]; // of layers 1, 2, 3, as in the workbook's figures

/** A model of regions_model.js on a canvas, with one region marked. */
export function paintRegions(canvas, model, region, isDark) {
  const context = canvas.getContext("2d");
  const colours = coloursOf(isDark);
  const { left, right, bottom, top } = model.box;
  const at = {
    x: (x) => ((x - left) / (right - left)) * canvas.width,
    y: (y) => ((top - y) / (top - bottom)) * canvas.height,
  };
  const unit = canvas.width / (canvas.clientWidth || canvas.width);
  context.lineJoin = "round";
  fillRegions(context, model.regions, colours, at);
  markRegion(context, region.corners, colours, at, unit);
  model.lines.slice(0, model.depth).forEach((lines, layer) => {
    context.setLineDash(DASHES[layer % DASHES.length].map((length) => length * unit));
    context.lineWidth = 1.5 * unit;
    // One after the other: strokes of one long path that crosses itself take twice as long.
    for (const line of lines.flat()) strokeLines(context, [line], at);
  });
  const { chosenLines } = model;
  if (chosenLines.length) markLine(context, chosenLines, model.arrow(), colours, at, unit);
}

/** The colours of one scheme. */
function coloursOf(isDark) {
  const regions = Array.from({ length: COLOURS }, (_, k) => {
    const lightness = isDark ? [24, 31, 38][k % 3] : [90, 83, 76][k % 3];
    return `hsl(${(k * 360) / COLOURS} ${isDark ? 35 : 60}% ${lightness}%)`;
  });
  const rest = isDark
    ? { ink: "#ececec", paper: "#16181a", chosen: "#8ec5ff" }
    : { ink: "#1b1b1b", paper: "#ffffff", chosen: "#0b5394" };
  return { regions, ...rest };
}

/** Polygons of one colour are one path: as many fills as colours, however many regions. */
function fillRegions(context, regions, colours, at) {
  const paths = colours.regions.map(() => new Path2D());
  for (const { corners, states } of regions) addPolygon(paths[colourOf(states)], corners, at);
  paths.forEach((path, k) => {
    context.fillStyle = colours.regions[k];
    context.fill(path);
  });
}

function addPolygon(path, corners, at) {
  path.moveTo(at.x(corners[0]), at.y(corners[1]));
  for (let k = 2; k < corners.length; k += 2) path.lineTo(at.x(corners[k]), at.y(corners[k + 1]));
}

function strokeLines(context, lines, at) {
  context.beginPath();
  for (const points of lines) {
    context.moveTo(at.x(points[0]), at.y(points[1]));
    for (let k = 2; k < points.length; k += 2) context.lineTo(at.x(points[k]), at.y(points[k + 1]));
  }
  context.stroke();
}

/** The region that is told of: stripes and a thick outline. */
function markRegion(context, corners, colours, at, unit) {
  const path = new Path2D();
  addPolygon(path, corners, at);
  path.closePath();
  context.setLineDash([]);
  context.save();
  context.clip(path);
  context.strokeStyle = colours.ink;
  context.lineWidth = unit;
  const { width, height } = context.canvas;
  context.beginPath();
  for (let x = -height; x < width; x += 7 * unit) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
  context.lineWidth = 4 * unit;
  context.strokeStyle = colours.ink;
  context.stroke(path);
}

/** The line of the chosen neuron, and an arrow to the side on which it is on. */
function markLine(context, lines, arrow, colours, at, unit) {
  context.setLineDash([]);
  context.lineCap = "round";
  for (const [colour, width] of [[colours.paper, 8], [colours.chosen, 4]]) {
    context.strokeStyle = colour;
    context.lineWidth = width * unit;
    strokeLines(context, lines, at);
    if (arrow) strokeArrow(context, arrow, at, unit);
  }
  context.lineCap = "butt";
}

function strokeArrow(context, { x, y, dx, dy }, at, unit) {
  const [px, py] = [at.x(x), at.y(y)];
  const point = (along, aside) => [
    px + unit * (along * dx - aside * dy), py - unit * (along * dy + aside * dx),
  ];
  context.beginPath();
  context.moveTo(...point(12, 0));
  context.lineTo(...point(38, 0));
  context.moveTo(...point(29, 7));
  context.lineTo(...point(38, 0));
  context.lineTo(...point(29, -7));
  context.stroke();
}
