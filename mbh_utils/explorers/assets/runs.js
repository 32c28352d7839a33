// Pictures of regions as explorers/region_maps.py writes them: runs of pixels, read back.

const [SAME, ABOVE, ABOVE_RIGHT, NEW] = [0, 1, 2, 3];

/**
 * The number of each pixel's region, from the runs of explorers/region_maps.py: a typed array whose
 * numbers are as wide as those of others.
 */
export function decodeMap(lengths, kinds, others, side) {
  const map = new others.constructor(side * side);
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
