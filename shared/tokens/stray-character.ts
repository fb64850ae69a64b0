const STRAY = String.raw`[\s\p{Cc}\p{Cf}]`;
const PLACES = [
  ["at its start", new RegExp(`^${STRAY}`, "u")],
  ["at its end", new RegExp(`${STRAY}$`, "u")],
  ["in it", new RegExp(STRAY, "u")],
] as const;
const LINE_BREAK = /[\n\v\f\r\u0085\u2028\u2029]/;

/** Tells which white space or invisible character a value has, and where, or returns `undefined`: "a line break at its end". */
export function strayCharacter(value: string): string | undefined {
  for (const [place, pattern] of PLACES) {
    const [found] = pattern.exec(value) ?? [];
    if (found !== undefined) return `${kindOf(found)} ${place}`;
  }
  return undefined;
}

function kindOf(character: string): string {
  if (LINE_BREAK.test(character)) return "a line break";
  return /\s/.test(character) ? "white space" : "an invisible character";
}
