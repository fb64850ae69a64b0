/** A figure over several measurements. */
export interface Figure {
  median: number;
  min: number;
  max: number;
}

/** Summarizes the measurements of one figure. */
export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median = (at(Math.ceil(middle) - 1) + at(Math.floor(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** Returns the ratio of two figures, computed round by round: the speed of a shared machine differs between rounds. */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Figure {
  return figureOf(numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN)));
}
