/** A client secret that is well-formed except for its check sum. */
export const JUNK_SECRET = "socmate_0000000000000000000000000000000000000000000000000";

/** Texts that do not have the form of a client_id. */
export const JUNK_CLIENT_IDS = [
  "a/b",
  "..",
  "a\0b",
  "x".repeat(1024),
  "socmate-x-abc123/..",
  "SOCMATE-X-ABC123",
  "%2e%2e",
  "a'b",
  "{}",
  "é",
];
