import * as z from "zod";
import { ADMIN_TOKEN_MAX_IAT_AHEAD_SECONDS, ADMIN_TOKEN_MAX_LIFETIME_SECONDS } from "../request/time-limits.ts";

/** The admin tokens that are accepted: access tokens of Entra ID, of version 1 or 2 as their issuer. */
export interface AdminTokenRules {
  readonly issuer: string;
  /** The scope of a delegated token. */
  readonly scope: string;
  /** The applications that administrators may use; any if absent. */
  readonly clientIds?: readonly string[] | undefined;
}

/** What the claims of an access token say of its bearer. */
export interface AdminClaims {
  readonly id: string;
  readonly roles: readonly unknown[];
  /** Whether the application may administer for its user, or for itself. */
  readonly hasScope: boolean;
}

/** A fault of an admin token. Its message is for the log: the name of a header, of a claim or of a rule, never input. */
export class TokenFault extends Error {
  override readonly name = "TokenFault";
}

const absent = z.never().optional();
const headerSchema = z.object({
  // Entra ID writes JWT. RFC 9068 §2.1 has at+jwt.
  typ: z.enum(["JWT", "at+jwt"]).optional(),
  // Headers with a key. Only the keys of the issuer are trusted (RFC 8725 §3.10).
  jku: absent,
  jwk: absent,
  x5u: absent,
  x5c: absent,
  // Extensions that change how the token is read (RFC 7515 §4.1.11, RFC 7797). Entra ID uses none.
  crit: absent,
  b64: absent,
});

const identifier = z.string().regex(/^[\x21-\x7e]{1,128}$/);
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
const claimsSchema = z.object({
  iat: z.int(),
  nbf: z.int().optional(),
  exp: z.int(),
  ver: z.string(),
  tid: z.string().optional(),
  azp: z.string().optional(),
  appid: z.string().optional(),
  idtyp: z.string().optional(),
  scp: z.string().optional(),
  oid: identifier.optional(),
  sub: identifier.optional(),
  roles: z.array(z.unknown()).catch([]),
});
type Claims = z.output<typeof claimsSchema>;

/**
 * Checks the form of a token, before its signature: three parts, each in the one spelling that base64url has for its bytes, and a header
 * and a payload in which no member is repeated (RFC 7515 §4, RFC 7519 §4), since readers disagree on which of the two counts.
 *
 * @throws TokenFault
 */
export function checkForm(token: string): void {
  const parts = token.split(".");
  const [header = "", payload = ""] = parts;
  const isOneSpelling = (part: string) => Buffer.from(part, "base64url").toString("base64url") === part;
  if (parts.length !== 3 || !parts.every(isOneSpelling)) throw new TokenFault("encoding");
  parse(headerSchema, parseJson(header));
  parseJson(payload);
}

/**
 * Reads the claims of a verified token, and checks that it is an access token of an administrator's application. An ID token has the same
 * issuer, may have the same audience and roles, and is sent to parties that may not administer.
 *
 * @throws TokenFault
 */
export function readClaims(payload: unknown, rules: AdminTokenRules, now: Date): AdminClaims {
  const claims = parse(claimsSchema, payload);
  const { iat, exp, ver, tid, scp, oid, sub, roles } = claims;
  const time = now.getTime() / 1_000;
  const isV2 = rules.issuer.endsWith("/v2.0");
  const holds = {
    exp: exp > time && exp - iat <= ADMIN_TOKEN_MAX_LIFETIME_SECONDS,
    iat: iat <= time + ADMIN_TOKEN_MAX_IAT_AHEAD_SECONDS,
    ver: ver === (isV2 ? "2.0" : "1.0"),
    tid: tid === undefined || tid === new URL(rules.issuer).pathname.split("/")[1],
    scp: isDelegated(claims) || isAppOnly(claims),
    azp: rules.clientIds === undefined || rules.clientIds.includes((isV2 ? claims.azp : claims.appid) ?? ""),
  };
  const broken = Object.entries(holds).find(([, isKept]) => !isKept);
  if (broken) throw new TokenFault(broken[0]);
  const id = oid ?? sub;
  if (!id) throw new TokenFault("oid");
  return { id, roles, hasScope: scp === undefined || scp.split(" ").includes(rules.scope) };
}

/** Entra ID writes `scp` into access tokens of users alone: the scopes that the application has for them. */
function isDelegated({ scp, idtyp }: Claims): boolean {
  return scp !== undefined && idtyp !== "app";
}

/** `idtyp` is an optional claim of the registration. Without it, an application that is its own subject has requested the token. */
function isAppOnly({ scp, idtyp, azp, appid, oid, sub }: Claims): boolean {
  if (scp !== undefined) return false;
  if (idtyp !== undefined) return idtyp === "app";
  return (azp ?? appid) !== undefined && oid !== undefined && oid === sub;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, error } = schema.safeParse(value);
  if (error) throw new TokenFault(String(error.issues[0]?.path[0] ?? "JSON"));
  return data as T;
}

/** Parses a part of a token. `JSON.parse` would keep the last of two members of one name. */
function parseJson(part: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(part, "base64url"));
    const value: unknown = JSON.parse(text);
    // A string before a colon is the name of a member, and nothing else is.
    const names = text.match(/"(?:[^"\\]|\\.)*"(\s*:)?/g)?.filter((string) => string.endsWith(":")) ?? [];
    if (names.length === countMembers(value)) return value;
  } catch {
    // Neither UTF-8 nor JSON.
  }
  throw new TokenFault("JSON");
}

/** Counts the members of all objects, without recursion: the token may nest them as deep as it is long. */
function countMembers(value: unknown): number {
  let count = 0;
  const pending = [value];
  for (const item of pending) {
    if (typeof item !== "object" || item === null) continue;
    const children = Object.values(item);
    if (!Array.isArray(item)) count += children.length;
    pending.push(...children);
  }
  return count;
}
