/** The start of every client secret, by which secret scanners find one. */
export const SECRET_PREFIX = "socmate_";
/** The number of base 62 digits after the prefix. */
export const SECRET_DIGITS = 49;

/** Few enough to find a truncated secret, and too many for an ordinary word. */
const MIN_LEAKED_DIGITS = 20;

const CLIENT_SECRET = new RegExp(`^${secretOf(SECRET_DIGITS)}$`);
const LEAKED_SECRET = new RegExp(secretOf(MIN_LEAKED_DIGITS));

/** Tells whether a text has the form of a client secret. */
export function hasSecretForm(text: string): boolean {
  return CLIENT_SECRET.test(text);
}

/** Finds a client secret, or a large part of one, in a text that is to be stored or shown. */
export function containsClientSecret(text: string): boolean {
  return LEAKED_SECRET.test(text);
}

function secretOf(digits: number): string {
  return `${SECRET_PREFIX}[0-9A-Za-z]{${digits}}`;
}
