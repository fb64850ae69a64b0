/** A figure that was measured several times. */
export interface Figure {
  median: number;
  min: number;
  max: number;
}

/** Sums up the measurements of one figure. */
export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median = (at(Math.ceil(middle) - 1) + at(Math.floor(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** The ratio of two figures that were measured in the same rounds: of each round its own, since the machine is another in each. */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Figure {
  return figureOf(numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN)));
}
