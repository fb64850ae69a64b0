import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign as signData,
} from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { close, HttpError, listen, readJson, respond } from "../server/http-server.ts";
import { readOrCreateFile } from "../server/read-or-create-file.ts";
import { TENANT_ID } from "./identity.ts";
import { encodeJwt } from "./jwt.ts";

const LIFETIME_SECONDS = 3600;
/** Entra ID dates tokens back: the samples of its documents live 3,900 s, and are announced with `expires_in` 3599. */
const BACKDATED_SECONDS = 300;
const CONSOLE_CLIENT_ID = "10ca1000-0000-4000-8000-000000000003";
/** The application id of the admin API: the audience of every token of version 2. */
const AUDIENCE = "10ca1000-0000-4000-8000-000000000004";
const SCOPE = "administer";
const LOOPBACK_ORIGIN = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;

/** Claims that replace the default ones; `undefined` removes a claim. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * An issuer of admin tokens with the endpoints of Entra ID v2.0. Its tokens have the claims of Entra ID
 * (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference, id-token-claims-reference) but the opaque ones.
 */
export interface AdminIssuer {
  /** Value of `ADMIN_ISSUER`. */
  readonly issuer: string;
  /** Value of `ADMIN_AUDIENCE`. */
  readonly audience: string;
  /** Value of `ADMIN_JWKS_URL`. */
  readonly jwksUrl: string;
  /** Value of `CONSOLE_CLIENT_ID`. */
  readonly consoleClientId: string;
  /** The endpoint that answers a `POST` of claims in JSON with `{"access_token","expires_in","token_type"}`. */
  readonly tokenUrl: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** Signs an admin token: a delegated access token that the admin page requested. It is valid for one hour unless the claims change that. */
  token(claims?: Claims): string;
  /** Signs an access token that an application requested for itself (client credentials). */
  appToken(claims?: Claims): string;
  /** Signs an ID token: what the admin page gets beside the access token. */
  idToken(claims?: Claims): string;
  /** Signs any header and payload with the issuer's key, for tests of hostile tokens. */
  sign(header: object, payload: object): string;
  close(): Promise<void>;
}

/** Starts the issuer on plain HTTP. With `dir` its key survives a restart. */
export async function startAdminIssuer({ dir }: { dir?: string | undefined } = {}): Promise<AdminIssuer> {
  const privateKey = createPrivateKey(await readOrCreateFile(dir && join(dir, "admin-issuer-key.pem"), newPrivateKey));
  const { e, n } = createPublicKey(privateKey).export({ format: "jwk" });
  const kid = createHash("sha256")
    .update(JSON.stringify({ e, kty: "RSA", n })) // RFC 7638
    .digest("base64url");
  const sign: AdminIssuer["sign"] = (header, payload) =>
    encodeJwt(header, payload, (input) => signData("sha256", Buffer.from(input), privateKey));

  const signClaims = (claims: Claims) => sign({ typ: "JWT", alg: "RS256", kid }, claims);
  const common = () => {
    const now = Math.floor(Date.now() / 1000);
    const iat = now - BACKDATED_SECONDS;
    return { iss: issuer, iat, nbf: iat, exp: now + LIFETIME_SECONDS, tid: TENANT_ID, uti: randomUUID(), ver: "2.0" };
  };
  const user = {
    name: "Local Administrator",
    oid: "10ca1000-0000-4000-8000-00000000000a",
    preferred_username: "administrator@socmate.example",
    roles: ["admin"],
    sub: "local-administrator",
  };
  const token: AdminIssuer["token"] = (claims) =>
    signClaims({ aud: AUDIENCE, ...common(), azp: CONSOLE_CLIENT_ID, azpacr: "0", scp: SCOPE, ...user, ...claims });
  const appToken: AdminIssuer["appToken"] = (claims) => {
    const id = "10ca1000-0000-4000-8000-00000000000c";
    const app = { azp: CONSOLE_CLIENT_ID, azpacr: "1", oid: id, roles: ["admin"], sub: id };
    return signClaims({ aud: AUDIENCE, ...common(), ...app, ...claims });
  };
  const idToken: AdminIssuer["idToken"] = (claims) =>
    signClaims({ aud: CONSOLE_CLIENT_ID, ...common(), ...user, ...claims });

  async function answer(request: IncomingMessage): Promise<object | undefined> {
    switch (`${request.method} http://${request.headers.host}${request.url}`) {
      case `GET ${issuer}/.well-known/openid-configuration`:
        return {
          issuer,
          jwks_uri: jwksUrl,
          token_endpoint: tokenUrl,
          id_token_signing_alg_values_supported: ["RS256"],
          response_types_supported: ["token"],
          subject_types_supported: ["pairwise"],
        };
      case `GET ${jwksUrl}`:
        return { keys: [{ kty: "RSA", use: "sig", kid, n, e, issuer }] };
      case `OPTIONS ${tokenUrl}`:
        return undefined;
      case `POST ${tokenUrl}`: {
        // A browser sends JSON to another origin only after a preflight.
        if (request.headers["content-type"] !== "application/json")
          throw new HttpError(415, { error: "invalid_request" });
        const claims = z.record(z.string(), z.unknown()).parse(await readJson(request));
        return { access_token: token(claims), expires_in: LIFETIME_SECONDS, token_type: "Bearer" };
      }
      default:
        throw new HttpError(404, { error: "not_found" });
    }
  }

  const server = createServer((request, response) => {
    allowLoopbackPages(request, response);
    return respond(response, () => answer(request));
  });
  const base = `http://127.0.0.1:${await listen(server)}/${TENANT_ID}`;
  const issuer = `${base}/v2.0`;
  const jwksUrl = `${base}/discovery/v2.0/keys`;
  const tokenUrl = `${base}/oauth2/v2.0/token`;
  return {
    issuer,
    audience: AUDIENCE,
    jwksUrl,
    consoleClientId: CONSOLE_CLIENT_ID,
    tokenUrl,
    kid,
    privateKey,
    token,
    appToken,
    idToken,
    sign,
    close: () => close(server),
  };
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Allows CORS to origins on loopback. */
function allowLoopbackPages({ headers }: IncomingMessage, response: ServerResponse): void {
  if (!LOOPBACK_ORIGIN.test(headers.origin ?? "")) return;
  response.setHeader("access-control-allow-origin", headers.origin ?? "");
  response.setHeader("access-control-allow-headers", "content-type");
  response.setHeader("vary", "origin");
}
