// A network whose neurons can be moved: {widths, weights, biases, turns, corners, counts, ...}.
// moves: Map of neuron (counted from 0 through all layers) -> {bias, turn in degrees, on}.

/** Layer and place in it of a neuron: {layer, index}. */
export function placeOf(network, neuron) {
  let index = neuron;
  let layer = 0;
  while (index >= network.widths[layer]) index -= network.widths[layer++];
  return { layer, index };
}

/** The first neuron of a layer. */
export function firstOf(network, layer) {
  return network.widths.slice(0, layer).reduce((sum, width) => sum + width, 0);
}

/** A neuron as it is stored, before any move. */
export function stored(network, neuron) {
  const { layer, index } = placeOf(network, neuron);
  return { bias: network.biases[layer][index], turn: 0, on: 1 };
}

/** A neuron as it is now. */
export function moveOf(network, moves, neuron) {
  return moves.get(neuron) ?? stored(network, neuron);
}

/** The moves with one neuron changed; a neuron that is as stored is no move. */
export function withMove(network, moves, neuron, change) {
  const changed = new Map(moves);
  const now = { ...moveOf(network, moves, neuron), ...change };
  now.turn = Number(now.turn.toFixed(2));
  const at = stored(network, neuron);
  if (now.bias !== at.bias) now.bias = Number(now.bias.toFixed(4));
  const same = now.bias === at.bias && now.turn === at.turn && now.on === at.on;
  if (same) changed.delete(neuron);
  else changed.set(neuron, now);
  return changed;
}

/** The layers with all moves done, as sweep.js takes them. */
export function layersOf(network, moves) {
  return network.widths.map((n, layer) => {
    const fanIn = layer ? network.widths[layer - 1] : 2;
    const made = { n, fanIn, on: new Uint8Array(n).fill(1) };
    made.weights = Float64Array.from(network.weights[layer]);
    made.bias = Float64Array.from(network.biases[layer]);
    const first = firstOf(network, layer);
    for (let i = 0; i < n; i++) {
      const move = moves.get(first + i);
      if (!move) continue;
      made.on[i] = move.on;
      made.bias[i] = move.bias;
      made.weights.set(turned(network, layer, i, move.turn), i * fanIn);
    }
    return made;
  });
}

/** A neuron's weights w, turned towards its second direction u: cos w + sin u. */
export function turned(network, layer, index, degrees) {
  const [w, u] = directions(network, layer, index);
  if (degrees === 0) return w;
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  return w.map((weight, j) => cos * weight + sin * u[j]);
}

/** A neuron's stored weights, and as long and square to them the direction that it turns to. */
function directions(network, layer, index) {
  const fanIn = layer ? network.widths[layer - 1] : 2;
  const row = [index * fanIn, (index + 1) * fanIn];
  return [network.weights[layer], network.turns[layer]].map((all) => all.slice(...row));
}

/** Inputs of a neuron that are left, as its weights tell. */
export function inputsOf(network, neuron) {
  const { layer, index } = placeOf(network, neuron);
  return directions(network, layer, index)[0].filter((weight) => weight !== 0).length;
}

/** What a layer's neurons read at a point of the plane: the outputs of the layer before. */
export function inputsAt(layers, layer, x, y) {
  let values = [x, y];
  for (const { weights, bias, on, n, fanIn } of layers.slice(0, layer)) {
    const outputs = new Array(n).fill(0);
    for (let i = 0; i < n; i++) {
      let sum = bias[i];
      for (let j = 0; j < fanIn; j++) sum += weights[i * fanIn + j] * values[j];
      outputs[i] = on[i] ? Math.max(0, sum) : 0;
    }
    values = outputs;
  }
  return values;
}

/** The bias with which a neuron's line goes through a point, at a turn. */
export function biasThrough(network, layers, neuron, degrees, [x, y]) {
  const { layer, index } = placeOf(network, neuron);
  return -dot(turned(network, layer, index, degrees), inputsAt(layers, layer, x, y));
}

/**
 * The turn in degrees with which a neuron's line goes through two points, of the two that do it
 * the one nearer to `degrees`; null where no turn does.
 */
export function turnThrough(network, layers, neuron, degrees, pivot, point) {
  const { layer, index } = placeOf(network, neuron);
  const from = inputsAt(layers, layer, ...pivot);
  const step = inputsAt(layers, layer, ...point).map((value, j) => value - from[j]);
  const [w, u] = directions(network, layer, index);
  const along = dot(w, step);
  const across = dot(u, step);
  if (along === 0 && across === 0) return null;
  const angle = (Math.atan2(-along, across) * 180) / Math.PI;
  const half = Math.round((degrees - angle) / 180);
  return wrapped(angle + 180 * half);
}

/** An angle in -180 .. 180 degrees. */
export function wrapped(degrees) {
  return degrees - 360 * Math.round(degrees / 360);
}

/** How far a bias can go before a neuron's line has left the domain, at every turn. */
export function biasReach(network, neuron, regions, layers) {
  const { layer, index } = placeOf(network, neuron);
  const [w, u] = directions(network, layer, index);
  let most = 0;
  for (const { corners } of regions) {
    for (let k = 0; k < corners.length; k += 2) {
      const inputs = inputsAt(layers, layer, corners[k], corners[k + 1]);
      most = Math.max(most, Math.hypot(dot(w, inputs), dot(u, inputs)));
    }
  }
  const reach = Math.max(most, Math.abs(stored(network, neuron).bias), 0.1);
  return Math.ceil(reach * 1.05 * 20) / 20;
}

export function dot(a, b) {
  return a.reduce((sum, value, j) => sum + value * b[j], 0);
}

/** Moves as a text for the address: neuron*bias*turn*on, joined by "_". */
export function movesText(moves) {
  const told = [...moves].map(([neuron, { bias, turn, on }]) => [neuron, bias, turn, on].join("*"));
  return told.join("_");
}

/** The moves that an address tells; what does not fit the network is left out. */
export function movesFrom(text, network) {
  let moves = new Map();
  const total = network.widths.reduce((sum, width) => sum + width, 0);
  for (const part of text.split("_").filter(Boolean)) {
    const [neuron, bias, turn, on] = part.split("*").map(Number);
    const fits = Number.isInteger(neuron) && neuron >= 0 && neuron < total;
    const finite = Number.isFinite(bias) && Math.abs(bias) < 1e6 && Math.abs(turn) <= 180;
    if (fits && finite && (on === 0 || on === 1)) {
      moves = withMove(network, moves, neuron, { bias, turn, on });
    }
  }
  return moves;
}

/** A pattern as text, its layers apart: "101 0110". */
export function patternText(states, widths) {
  const parts = [];
  let first = 0;
  for (const width of widths) {
    if (first >= states.length) break;
    parts.push(states.slice(first, first + width).join(""));
    first += width;
  }
  return parts.join(" ");
}

export const COLOURS = 24;

/**
 * A colour number of an activation pattern. Each active neuron adds a number of its own that is
 * no multiple of COLOURS: so two neighbours, which differ in one neuron, never look the same.
 */
export function colourOf(states) {
  let sum = 0;
  for (let i = 0; i < states.length; i++) if (states[i]) sum += 5 + ((i * 7) % 15);
  return sum % COLOURS;
}
