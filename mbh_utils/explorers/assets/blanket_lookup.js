// Look-ups of the blanket explorer: states, exact numbers and words, without a page.

import { unpack } from "./common.js";
import { BEYOND, OUTSIDE, INSIDE } from "./blanket_map.js";
import { decodeMap } from "./runs.js";

// ------------------------------------------------------------------------------ numbers as Python

/** x with a fixed number of digits; halves go to the even digit, as Python rounds them. */
export function fixed(x, digits) {
  const scaled = x * 10 ** digits;
  const below = Math.floor(scaled);
  // Half a unit, and exactly so: only then may the even digit be another one than toFixed's.
  if (scaled - below === 0.5 && scaled / 10 ** digits === x && digits < 6) {
    return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits);
  }
  return x.toFixed(digits);
}

/** A share in per cent with one digit. */
export function percent(share) { return `${fixed(share * 100, 1)}%`; }

/** A number with so many digits that count, without zeros at the end: Python's format "g". */
export function general(x, digits) {
  if (x === 0) return "0";
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < digits) return trimmed(fixed(x, Math.max(digits - 1 - power, 0)));
  const sign = power < 0 ? "-" : "+";
  return `${trimmed(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

// ------------------------------------------------------------------------------ look-ups

/** Everything of a network on a plane, unpacked. */
export async function unpackView(data, model, domain) {
  const facts = data.models[model];
  const view = data.views[model * data.domains.length + domain];
  const names = ["lengths", "met", "neurons", "states"];
  const ofModel = await Promise.all(names.map((name) => unpack(facts[name])));
  const { lengths, kinds: kindsOfRuns, others } = view.map;
  const [ranks, areas, ...runs] = await Promise.all(
    [view.ranks, view.areas, lengths, kindsOfRuns, others].map(unpack),
  );
  const map = decodeMap(...runs, view.side);
  const predicted = view.predicted ? await unpack(view.predicted) : null;
  const found = Object.fromEntries(names.map((name, i) => [name, ofModel[i]]));
  const nGroups = ranks.length / data.phenomena.length;
  const kinds = new Uint8Array(nGroups + 1);
  return {
    ...found, size: view.side, map, ranks, areas, predicted, nGroups, kinds, facts, view,
  };
}

/** The exact numbers of one phenomenon at one step of the slider. */
export function rowAt(data, seen, domain, phenomenon, step) {
  const at = phenomenon * data.coverages.length + step;
  const area = seen.areas[at];
  const share = Math.min(area / data.domains[domain].area, 1);
  return { constraints: seen.lengths[at], met: seen.met[at], area, share, s: 1 - share };
}

/** One sentence with these numbers; blanket_words of blanket_views.py says the same. */
export function blanketWords(phenomenon, coverage, row) {
  const n = row.constraints;
  const constraints = `${n} constraint${n === 1 ? "" : "s"}`;
  return `${phenomenon.subject} at c_P = ${fixed(coverage, 2)}: ${constraints}, `
    + `met by ${percent(row.met)} of ${phenomenon.of}; blanket area ${general(row.area, 4)}, `
    + `${percent(row.share)} of the plane's domain; specialization s = ${fixed(row.s, 3)}`;
}

/** Steps of the slider at which the blanket differs from that of the step before. */
export function changes(data, seen, phenomenon) {
  const n = data.coverages.length;
  const of = seen.areas.subarray(phenomenon * n, (phenomenon + 1) * n);
  return Array.from(of.keys()).filter((i) => i > 0 && of[i] !== of[i - 1]);
}

/** Of each group of regions whether it lies in the blanket; behind the last: beyond the domain. */
export function kindsAt(data, seen, phenomenon, step) {
  const length = seen.lengths[phenomenon * data.coverages.length + step];
  const first = phenomenon * seen.nGroups;
  for (let group = 0; group < seen.nGroups; group++) {
    seen.kinds[group] = seen.ranks[first + group] >= length ? INSIDE : OUTSIDE;
  }
  seen.kinds[seen.nGroups] = BEYOND;
  return seen.kinds;
}

/** The first coverage of the slider at which a group lies in the blanket; null if there is none. */
export function entersAt(data, seen, phenomenon, group) {
  const n = data.coverages.length;
  const rank = seen.ranks[phenomenon * seen.nGroups + group];
  const lengths = seen.lengths.subarray(phenomenon * n, (phenomenon + 1) * n);
  const step = lengths.findIndex((length) => rank >= length);
  return step < 0 ? null : data.coverages[step];
}

/** What is to be said of a group of regions: inside or not, why, and the predicted class. */
export function groupWords(data, seen, phenomenon, step, group) {
  if (group === null || group >= seen.nGroups) return "outside of the plane's domain";
  const parts = [];
  if (seen.predicted) {
    const number = seen.predicted[group];
    parts.push(`predicted ${data.classes[number] ?? number}`);
  }
  const length = seen.lengths[phenomenon * data.coverages.length + step];
  const rank = seen.ranks[phenomenon * seen.nGroups + group];
  if (rank >= length) {
    parts.push(length === 0 ? "inside the blanket, which is all"
      : `inside the blanket: all ${length} constraints hold`);
  } else {
    const at = seen.facts.begins[phenomenon] + rank;
    const should = seen.states[at] ? "active" : "inactive";
    parts.push(`outside the blanket: of ${length} constraints, number ${rank + 1} is the first `
      + `that fails (neuron ${seen.neurons[at]} must be ${should})`);
  }
  const enters = entersAt(data, seen, phenomenon, group);
  parts.push(enters === null ? "in none of these blankets"
    : `in the blanket from c_P = ${fixed(enters, 2)} on`);
  return parts.join("; ");
}

/** The table of all classes and steps of one network on one plane. */
export function numbersOf(data, seen, domain) {
  const rows = [];
  data.phenomena.forEach((phenomenon, p) => data.coverages.forEach((coverage, step) => {
    const row = rowAt(data, seen, domain, p, step);
    const { network, state } = seen.facts;
    const place = { domain: data.domains[domain].name, class: phenomenon.option };
    rows.push({ network, state, ...place, coverage, ...row });
  }));
  return rows;
}

/** A state with only what there is, whatever stood in the address. */
export function checkedState(data, state) {
  const has = (list, value) => list.includes(value);
  const start = data.start;
  const key = has(data.phenomena.map((p) => p.key), state.class) ? state.class : start.class;
  const networks = data.models.map((m) => m.network);
  const network = has(networks, state.network) ? state.network : start.network;
  const states = data.models.filter((m) => m.network === network).map((m) => m.state);
  const kept = has(states, state.state) ? state.state : states[0];
  const domain = has(data.domains.map((d) => d.name), state.domain) ? state.domain : start.domain;
  const ends = [data.coverages[0], data.coverages.at(-1)];
  const coverage = Math.round(Math.min(Math.max(state.coverage, ends[0]), ends[1]) * 100) / 100;
  return { class: key, coverage, network, state: kept, domain };
}

/** Numbers of the phenomenon, step, model and domain that a state names. */
export function placesOf(data, state) {
  return {
    phenomenon: data.phenomena.findIndex((p) => p.key === state.class),
    step: data.coverages.findIndex((c) => Math.abs(c - state.coverage) < 1e-9),
    model: data.models.findIndex((m) => m.network === state.network && m.state === state.state),
    domain: data.domains.findIndex((d) => d.name === state.domain),
  };
}
