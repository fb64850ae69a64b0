import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { hasSecretForm, SECRET_DIGITS, SECRET_PREFIX } from "../model/secret-pattern.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The 32 bits of a CRC-32 have 6 digits in base 62, and 256 random bits have the other 43. */
const CHECK_DIGITS = 6;

const SECRET_HASH = /^v1:[\w-]{43}$/;

/**
 * Generates a client secret: `socmate_`, 256 random bits, and a checksum over both. The alphabet needs no escaping in a form or in HTTP
 * Basic. Secret scanners recognize a leaked secret by its prefix and checksum.
 */
export function generateClientSecret(): string {
  const random = BigInt(`0x${randomBytes(32).toString("hex")}`);
  const body = SECRET_PREFIX + base62(random, SECRET_DIGITS - CHECK_DIGITS);
  return body + checksum(body);
}

/** Tells whether a text has the form and the checksum of a client secret: anything else is refused without a call to a store. */
export function isClientSecret(text: string): boolean {
  return hasSecretForm(text) && checksum(text.slice(0, -CHECK_DIGITS)) === text.slice(-CHECK_DIGITS);
}

/**
 * Hashes a client secret for storage: `v1:` and 43 characters of base64url. A secret of 256 random bits needs no slow hash. The client id
 * is part of the input, so that a hash that was moved to another client matches no secret.
 */
export function hashClientSecret(clientId: string, clientSecret: string): string {
  return `v1:${digest(clientId, clientSecret).toString("base64url")}`;
}

/** Tells whether a value has the form of {@link hashClientSecret}. */
export function isSecretHash(value: string): boolean {
  return SECRET_HASH.test(value);
}

/** A hash without a secret, for the comparison where there is no hash: it takes as long as with one. */
export const DUMMY_HASH = `v1:${Buffer.alloc(32).toString("base64url")}`;

/** Compares a presented secret with a stored hash in constant time. */
export function secretMatches(clientId: string, clientSecret: string, secretHash: string): boolean {
  const stored = Buffer.from(secretHash.slice("v1:".length), "base64url");
  return stored.length === 32 && timingSafeEqual(digest(clientId, clientSecret), stored);
}

function digest(clientId: string, clientSecret: string): Buffer {
  return hash("sha256", `socmate-client-secret-v1\0${clientId}\0${clientSecret}`, "buffer");
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECK_DIGITS);
}

function base62(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest /= 62n) text = BASE62[Number(rest % 62n)] + text;
  return text;
}
