// What is said of numbers: exact tables of classes and minimum coverages, and their words.

/** Index of the coverage nearest to this one. */
export function coverageIndex(coverages, coverage) {
  let best = 0;
  coverages.forEach((c, i) => {
    if (Math.abs(c - coverage) < Math.abs(coverages[best] - coverage)) best = i;
  });
  return best;
}

/**
 * The numbers of one class at one c_P, of one of the networks.
 * tables: {constraints, met, share}, flat arrays over network, class and c_P; shape: {classes,
 * coverages}, how many there are.
 */
export function numbersAt(tables, network, classIndex, coverage, shape) {
  const at = (network * shape.classes + classIndex) * shape.coverages + coverage;
  const share = tables.share[at];
  return { constraints: tables.constraints[at], met: tables.met[at], share, s: 1 - share };
}

/** Mean s over all classes of one of the networks. */
export function meanS(tables, network, coverage, shape) {
  let sum = 0;
  for (let c = 0; c < shape.classes; c++) {
    sum += numbersAt(tables, network, c, coverage, shape).s;
  }
  return sum / shape.classes;
}

/** 0.1234 as "12.3 %", with a space that does not break. */
export function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

/** 12345 as "12,345". */
export function grouped(n) {
  return n.toLocaleString("en-US");
}

/** What the maximal pattern and the blanket of a class are, as half a sentence. */
export function blanketWords({ constraints, met, share, s }) {
  return `its maximal pattern has ${constraints} constraint${constraints === 1 ? "" : "s"}, `
    + `met by ${percent(met)} of its images; its blanket covers ${percent(share)}: `
    + `s = ${s.toFixed(3)}`;
}
