// The exact sweep of a plane: convex polygons, cut by the lines of one layer after the other.
// A polygon is a flat list of corners, x0 y0 x1 y1 ..., in one direction of turning.

/** A value that is this small beside the terms it is the sum of is zero: a corner on the line. */
const ROUNDING = 1e-12;

/** The whole domain, the one region of no layer; its two coordinates are the inputs. */
export function domainRegion(corners) {
  const identity = Float64Array.of(1, 0, 0, 0, 1, 0);
  return { corners, states: [], before: 0, maps: identity };
}

/**
 * Regions after 0, 1, ... layers: stages[l] = {regions, chords}, chords by neuron of layer l.
 * Stages of an earlier sweep are kept up to layer `first`, the first one that has changed.
 */
export function sweep(layers, corners, stages = [], first = 0) {
  const kept = stages.slice(0, first + 1);
  if (!kept.length) kept.push({ regions: [domainRegion(corners)], chords: [] });
  for (const layer of layers.slice(kept.length - 1)) {
    kept.push(cutByLayer(kept[kept.length - 1].regions, layer));
  }
  return kept;
}

/** All regions cut by one layer: {weights: n x fanIn row-major, bias, on, n, fanIn}. */
export function cutByLayer(regions, layer) {
  const stage = { regions: [], chords: Array.from({ length: layer.n }, () => []) };
  for (const region of regions) cutRegion(region, layer, stage);
  return stage;
}

/** What a layer's neurons compute inside of one region: a x + b y + c, as a, b, c by neuron. */
export function mapsOf(layer, region) {
  const { weights, bias, n, fanIn } = layer;
  const { maps } = region;
  const live = liveOf(region);
  const made = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) {
    let a = 0;
    let b = 0;
    let c = bias[i];
    for (let j = 0; j < fanIn; j++) {
      if (!live[j]) continue;
      const weight = weights[i * fanIn + j];
      a += weight * maps[3 * j];
      b += weight * maps[3 * j + 1];
      c += weight * maps[3 * j + 2];
    }
    made[3 * i] = a;
    made[3 * i + 1] = b;
    made[3 * i + 2] = c;
  }
  return made;
}

/** Which outputs of the layer before are passed on in a region; the two inputs always are. */
function liveOf(region) {
  return region.states.length ? region.states.slice(region.before) : [1, 1];
}

/** One region cut by all neurons whose lines cross it; the others' states hold everywhere. */
function cutRegion(region, layer, stage) {
  const maps = mapsOf(layer, region);
  const before = region.states.length;
  const states = region.states.slice();
  const crossing = [];
  for (let i = 0; i < layer.n; i++) {
    const side = layer.on[i] ? sideOf(region.corners, maps, i) : 0;
    states.push(side === 1 ? 1 : 0);
    if (side !== CROSSED) continue;
    crossing.push(i);
    stage.chords[i].push(chordOf(region.corners, maps, i));
  }
  descend(region.corners, crossing);

  function descend(corners, left) {
    if (!left.length) {
      stage.regions.push({ corners, states: states.slice(), before, maps });
      return;
    }
    const halves = halvesOf(corners, maps, left[0]);
    for (let state = 0; state < 2; state++) {
      states[before + left[0]] = state;
      const remaining = [];
      for (let k = 1; k < left.length; k++) {
        const side = sideOf(halves[state], maps, left[k]);
        if (side === CROSSED) remaining.push(left[k]);
        else states[before + left[k]] = side;
      }
      descend(halves[state], remaining);
    }
  }
}

const CROSSED = 2;

/** The state of a neuron on a polygon, 0 or 1, or CROSSED where its line goes through it. */
function sideOf(corners, maps, i) {
  const a = maps[3 * i];
  const b = maps[3 * i + 1];
  const c = maps[3 * i + 2];
  let positive = false;
  let negative = false;
  for (let k = 0; k < corners.length; k += 2) {
    const value = valueAt(a, b, c, corners[k], corners[k + 1]);
    if (value > 0) positive = true;
    if (value < 0) negative = true;
    if (positive && negative) return CROSSED;
  }
  return positive ? 1 : 0;
}

/** a x + b y + c, exactly zero where rounding cannot tell it from zero. */
function valueAt(a, b, c, x, y) {
  const value = a * x + b * y + c;
  const terms = Math.abs(a * x) + Math.abs(b * y) + Math.abs(c);
  return Math.abs(value) <= ROUNDING * terms ? 0 : value;
}

/** The parts of a polygon where a neuron is off and on; corners on the line are in both. */
function halvesOf(corners, maps, i) {
  const halves = [[], []];
  const values = valuesAt(corners, maps, i);
  const n = values.length;
  for (let k = 0; k < n; k++) {
    const next = (k + 1) % n;
    const x = corners[2 * k];
    const y = corners[2 * k + 1];
    if (values[k] <= 0) halves[0].push(x, y);
    if (values[k] >= 0) halves[1].push(x, y);
    if (values[k] * values[next] >= 0) continue;
    const t = values[k] / (values[k] - values[next]);
    const cutX = x + t * (corners[2 * next] - x);
    const cutY = y + t * (corners[2 * next + 1] - y);
    halves[0].push(cutX, cutY);
    halves[1].push(cutX, cutY);
  }
  return halves;
}

/** A neuron's values at the corners. */
function valuesAt(corners, maps, i) {
  const a = maps[3 * i];
  const b = maps[3 * i + 1];
  const c = maps[3 * i + 2];
  const values = [];
  for (let k = 0; k < corners.length; k += 2) {
    values.push(valueAt(a, b, c, corners[k], corners[k + 1]));
  }
  return values;
}

/** The straight piece of a neuron's line inside of one polygon that it crosses: x0 y0 x1 y1. */
function chordOf(corners, maps, i) {
  const values = valuesAt(corners, maps, i);
  const ends = [];
  for (let k = 0; k < values.length; k++) {
    const next = (k + 1) % values.length;
    const x = corners[2 * k];
    const y = corners[2 * k + 1];
    if (values[k] === 0) ends.push(x, y);
    if (values[k] * values[next] >= 0) continue;
    const t = values[k] / (values[k] - values[next]);
    ends.push(x + t * (corners[2 * next] - x), y + t * (corners[2 * next + 1] - y));
  }
  return ends;
}

/** Chords joined where they meet, so that a bent line is one list of points: x0 y0 x1 y1 ... */
export function polylines(chords, size) {
  const key = (x, y) => Math.round((x / size) * 1e7) * 1e8 + Math.round((y / size) * 1e7);
  const meeting = new Map();
  chords.forEach((chord, index) => {
    for (const end of [0, 2]) {
      const at = key(chord[end], chord[end + 1]);
      if (!meeting.has(at)) meeting.set(at, []);
      meeting.get(at).push(index);
    }
  });
  const used = new Set();
  const follow = (points) => {
    for (;;) {
      const n = points.length;
      const at = key(points[n - 2], points[n - 1]);
      const next = (meeting.get(at) ?? []).find((index) => !used.has(index));
      if (next === undefined) return points;
      used.add(next);
      const chord = chords[next];
      const forwards = key(chord[0], chord[1]) === at;
      points.push(...(forwards ? chord.slice(2) : chord.slice(0, 2)));
    }
  };
  const lines = [];
  chords.forEach((chord, index) => {
    if (used.has(index)) return;
    used.add(index);
    const ahead = follow([...chord]);
    lines.push(follow(reversed(ahead)));
  });
  return lines;
}

function reversed(points) {
  const made = [];
  for (let k = points.length - 2; k >= 0; k -= 2) made.push(points[k], points[k + 1]);
  return made;
}

/** Area of a polygon. */
export function areaOf(corners) {
  let twice = 0;
  for (let k = 0; k < corners.length; k += 2) {
    const next = (k + 2) % corners.length;
    const x = corners[k] - corners[0];
    const y = corners[k + 1] - corners[1];
    twice += x * (corners[next + 1] - corners[1]) - (corners[next] - corners[0]) * y;
  }
  return Math.abs(twice) / 2;
}

/** The mean of a polygon's corners, which lies inside of it. */
export function middleOf(corners) {
  let x = 0;
  let y = 0;
  for (let k = 0; k < corners.length; k += 2) {
    x += corners[k];
    y += corners[k + 1];
  }
  return [(2 * x) / corners.length, (2 * y) / corners.length];
}

/** Whether a point lies in a polygon, its border included. */
export function contains(corners, x, y) {
  let left = false;
  let right = false;
  for (let k = 0; k < corners.length; k += 2) {
    const next = (k + 2) % corners.length;
    const dx = corners[next] - corners[k];
    const dy = corners[next + 1] - corners[k + 1];
    const turn = dx * (y - corners[k + 1]) - dy * (x - corners[k]);
    if (turn > 0) left = true;
    if (turn < 0) right = true;
    if (left && right) return false;
  }
  return true;
}

/** The region that a point lies in, the first one on a border; undefined outside. */
export function regionAt(regions, x, y) {
  return regions.find((region) => contains(region.corners, x, y));
}

/** The region that a point of the domain lies in or, where rounding left it in none, beside. */
export function regionNear(regions, x, y, size) {
  for (const e of [0, 1e-9 * size, -1e-9 * size]) {
    const found = regionAt(regions, x + e, y) ?? regionAt(regions, x, y + e);
    if (found) return found;
  }
  return regions[0];
}

/** Whether a region has a part of the domain's border among its sides, and so goes on outside. */
export function reachesBorder(corners, box) {
  let [low0, low1, high0, high1] = [0, 0, 0, 0];
  for (let k = 0; k < corners.length; k += 2) {
    if (corners[k] === box.left) low0++;
    if (corners[k] === box.right) high0++;
    if (corners[k + 1] === box.bottom) low1++;
    if (corners[k + 1] === box.top) high1++;
  }
  return Math.max(low0, low1, high0, high1) > 1;
}

/** The point of some polylines that is nearest to another: {x, y, distance}; null without lines. */
export function nearestOn(lines, x, y) {
  let best = null;
  eachSegment(lines, (x0, y0, x1, y1) => {
    const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const along = length > 0 ? ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length : 0;
    const t = Math.min(1, Math.max(0, along));
    const found = { x: x0 + t * (x1 - x0), y: y0 + t * (y1 - y0) };
    found.distance = Math.hypot(found.x - x, found.y - y);
    if (!best || found.distance < best.distance) best = found;
  });
  return best;
}

/** Where polylines leave a circle around one of their points, else their point farthest from it. */
export function atDistance(lines, x, y, radius) {
  const crossings = [];
  let farthest = null;
  eachSegment(lines, (x0, y0, x1, y1) => {
    for (const [px, py] of [[x0, y0], [x1, y1]]) {
      const distance = Math.hypot(px - x, py - y);
      if (!farthest || distance > farthest.distance) farthest = { x: px, y: py, distance };
    }
    crossings.push(...onCircle(x0 - x, y0 - y, x1 - x, y1 - y, radius));
  });
  if (!crossings.length) return farthest;
  // The rightmost one: the handle stays on one side while the line moves.
  const [dx, dy] = crossings.reduce((best, one) => (one[0] > best[0] ? one : best));
  return { x: x + dx, y: y + dy, distance: radius };
}

/** Where a segment crosses a circle around the origin: none, one or two points. */
function onCircle(x0, y0, x1, y1, radius) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const a = dx * dx + dy * dy;
  const b = x0 * dx + y0 * dy;
  const c = x0 * x0 + y0 * y0 - radius * radius;
  const square = b * b - a * c;
  if (!(a > 0) || square < 0) return [];
  const along = [(-b - Math.sqrt(square)) / a, (-b + Math.sqrt(square)) / a];
  return along.filter((t) => t >= 0 && t <= 1).map((t) => [x0 + t * dx, y0 + t * dy]);
}

function eachSegment(lines, visit) {
  for (const points of lines) {
    for (let k = 0; k + 3 < points.length; k += 2) {
      visit(points[k], points[k + 1], points[k + 2], points[k + 3]);
    }
  }
}

/** Most regions that n straight lines make of a plane (Zaslavsky 1975). */
export function zaslavsky(n) {
  return 1 + n + (n * (n - 1)) / 2;
}

/** Most regions of a plane by hidden layers of these widths (Serra et al. 2018, Theorem 1). */
export function serra(widths, most = 2) {
  if (!widths.length) return 1;
  const [n, ...deeper] = widths;
  let total = 0;
  let ways = 1; // n choose j
  for (let j = 0; j <= Math.min(most, n); j++) {
    total += ways * serra(deeper, Math.min(most, n - j));
    ways = (ways * (n - j)) / (j + 1);
  }
  return total;
}
