/** What every client secret begins with. */
export const SECRET_PREFIX = "socmate_";

const SECRET_LIKE = new RegExp(`${SECRET_PREFIX}[0-9A-Za-z]{20}`);

/** Finds what looks like a client secret in a text that is about to be stored or shown, where none belongs. */
export function containsClientSecret(text: string): boolean {
  return SECRET_LIKE.test(text);
}
