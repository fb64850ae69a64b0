/** Well-formed, but for its check sum. */
export const JUNK_SECRET = "socmate_0000000000000000000000000000000000000000000000000";

/** What is no client_id, for one reason or another. */
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
