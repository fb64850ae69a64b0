import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DUMMY_HASH,
  generateClientSecret,
  hashClientSecret,
  isClientSecret,
  isSecretHash,
  secretMatches,
} from "../../../shared/clients/client-secret.ts";
import { containsClientSecret } from "../../../shared/model/secret-pattern.ts";
import { anyText } from "../../any-text.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ZEROS = `socmate_${"0".repeat(43)}`;
const secrets = fc.constant(undefined).map(generateClientSecret);

/** CRC-32 (ISO 3309), bit by bit. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe("a generated client secret", () => {
  test("a client secret is socmate_, 43 characters and the CRC-32 of both in 6, without characters to escape", () => {
    for (let i = 0; i < 200; i++) {
      const secret = generateClientSecret();
      expect(secret).toMatch(/^socmate_[0-9A-Za-z]{49}$/);
      expect(encodeURIComponent(secret)).toBe(secret);
      const check = [...secret.slice(-6)].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0);
      expect(check).toBe(crc32(secret.slice(0, -6)));
    }
  });

  test("a client secret has the form of one, and does not with one character changed", () => {
    const position = fc.nat({ max: 56 });
    const character = fc.constantFrom(...BASE62, "_", "-", " ", "\n", "\0", "é");
    fc.assert(
      fc.property(secrets, position, character, (secret, at, changed) => {
        expect(isClientSecret(secret)).toBe(true);
        fc.pre(secret[at] !== changed);
        expect(isClientSecret(secret.slice(0, at) + changed + secret.slice(at + 1))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("client secrets are unique, and their random characters are uniformly distributed", () => {
    const drawn = Array.from({ length: 12_400 }, () => generateClientSecret().slice("socmate_".length, -6));
    expect(new Set(drawn).size).toBe(drawn.length);
    for (const position of [20, 42]) {
      const counts = Object.groupBy(drawn, (random) => random.charAt(position));
      // 200 are expected of each, with a standard deviation of 14: a deviation of seven times that is not chance.
      for (const digit of BASE62) expect(Math.abs((counts[digit]?.length ?? 0) - 200), digit).toBeLessThan(100);
    }
  });
});

describe("the form of a client secret", () => {
  test("the form of a client secret has a fixed length, prefix, alphabet and check sum", () => {
    const valid = generateClientSecret();
    const junk = ["", "socmate_", "generated-secret-value", `${valid} `, ` ${valid}`, `${valid}\n`, valid.slice(0, -1)];
    junk.push(
      `${valid}0`,
      valid.toUpperCase(),
      valid.replace("socmate_", "socmate-"),
      `${ZEROS}000000`,
      "0".repeat(57),
    );
    expect(junk.filter(isClientSecret)).toEqual([]);
  });

  test("any text is checked for the form of a client secret without an error", () => {
    fc.assert(fc.property(anyText(), (text) => isClientSecret(text) === false));
  });
});

test.for([
  ["my secret is socmate_0123456789abcdefghij", true],
  ["socmate_XXXX socmate_0123456789ABCDEFGHIJklmnopqrst", true],
  ["socmate_xsoar production", false],
  ["socmate-0123456789abcdefghij", false],
  ["SoCMate production", false],
] as const)("finds a client secret in the text %j: %j [check 37]", ([text, found]) => {
  expect(containsClientSecret(text)).toBe(found);
});

describe("the hash of a client secret", () => {
  // printf 'socmate-client-secret-v1\0socmate-x-abc123\0socmate_0…' | openssl dgst -sha256 -binary | basenc --base64url
  test("the hash of a client secret is the SHA-256 of label, client_id and secret, as stored so far", () => {
    expect(hashClientSecret("socmate-x-abc123", `${ZEROS}000000`)).toBe(
      "v1:wk-7sStqwfG9EGY6hIww1qOshnvgJejFDRc-Ql9KCL4",
    );
  });

  test("the hash of a client secret matches its own client and secret alone", () => {
    const [secret, other] = [generateClientSecret(), generateClientSecret()];
    const hash = hashClientSecret("socmate-a-000000", secret);
    expect(isSecretHash(hash)).toBe(true);
    expect(secretMatches("socmate-a-000000", secret, hash)).toBe(true);
    expect(secretMatches("socmate-a-000000", other, hash)).toBe(false);
    expect(secretMatches("socmate-b-000000", secret, hash)).toBe(false);
  });

  test("the dummy hash matches no client secret", () => {
    expect(isSecretHash(DUMMY_HASH)).toBe(true);
    fc.assert(fc.property(secrets, (secret) => !secretMatches("socmate-a-000000", secret, DUMMY_HASH)));
  });

  test.for(["", "v1:", "v1:short", `v2:${"A".repeat(43)}`, `v1:${"A".repeat(44)}`, "A".repeat(46)])(
    "%j is not the hash of a client secret and matches none, without an error",
    (value) => {
      expect(isSecretHash(value)).toBe(false);
      expect(secretMatches("socmate-a-000000", generateClientSecret(), value)).toBe(false);
    },
  );
});
