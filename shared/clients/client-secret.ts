import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { SECRET_PREFIX } from "../model/secret-pattern.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Digits that 256 bits take in base 62. */
const RANDOM_DIGITS = 43;
/** Digits that the 32 bits of a CRC-32 take in base 62. */
const CHECK_DIGITS = 6;

const CLIENT_SECRET = new RegExp(`^${SECRET_PREFIX}[0-9A-Za-z]{${RANDOM_DIGITS + CHECK_DIGITS}}$`);
const SECRET_HASH = /^v1:[\w-]{43}$/;

/**
 * Draws a client secret: `socmate_`, 256 random bits, and a check sum over both. Its alphabet needs no escaping in a form
 * or in HTTP Basic; the prefix and the check sum let secret scanners find a leaked one.
 */
export function generateClientSecret(): string {
  const random = BigInt(`0x${randomBytes(32).toString("hex")}`);
  const body = SECRET_PREFIX + base62(random, RANDOM_DIGITS);
  return body + checkSum(body);
}

/** Tells whether a text has the form and the check sum of a client secret, so that junk is refused before a store is asked. */
export function isClientSecret(text: string): boolean {
  return CLIENT_SECRET.test(text) && checkSum(text.slice(0, -CHECK_DIGITS)) === text.slice(-CHECK_DIGITS);
}

/**
 * Hashes a client secret for storage: `v1:` and 43 characters of base64url. 256 random bits need no slow hash; the client_id
 * is hashed along, so that a hash moved to another client matches nothing.
 */
export function hashClientSecret(clientId: string, clientSecret: string): string {
  return `v1:${digest(clientId, clientSecret).toString("base64url")}`;
}

/** Tells whether a value has the form of {@link hashClientSecret}. */
export function isSecretHash(value: string): boolean {
  return SECRET_HASH.test(value);
}

/** What an unknown client's secret is compared with, so that the comparison happens all the same. */
export const DUMMY_HASH = `v1:${Buffer.alloc(32).toString("base64url")}`;

/** Compares a presented secret with a stored hash in constant time. */
export function secretMatches(clientId: string, clientSecret: string, secretHash: string): boolean {
  const stored = Buffer.from(secretHash.slice("v1:".length), "base64url");
  return stored.length === 32 && timingSafeEqual(digest(clientId, clientSecret), stored);
}

function digest(clientId: string, clientSecret: string): Buffer {
  return hash("sha256", `socmate-client-secret-v1\0${clientId}\0${clientSecret}`, "buffer");
}

function checkSum(text: string): string {
  return base62(BigInt(crc32(text)), CHECK_DIGITS);
}

function base62(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest /= 62n) text = BASE62[Number(rest % 62n)] + text;
  return text;
}
