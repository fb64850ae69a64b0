import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { close, HttpError, listen, readJson, sendJson } from "./http-server.ts";
import { TENANT_ID } from "./identity.ts";
import { encodeJwt } from "./jwt.ts";
import { keptFile } from "./kept-file.ts";

const LIFETIME_SECONDS = 3600;
const LOOPBACK_ORIGIN = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;

/** Claims that replace the default ones; `undefined` leaves a claim out. */
export type Claims = Record<string, unknown>;

/** Issues administrators' tokens as Entra ID's v2.0 endpoint does. */
export interface AdminIssuer {
  /** Value of `ADMIN_ISSUER`. */
  readonly issuer: string;
  /** Value of `ADMIN_AUDIENCE`. */
  readonly audience: string;
  /** Value of `ADMIN_JWKS_URL`. */
  readonly jwksUrl: string;
  /** Answers `POST` of a JSON object of claims with `{"access_token","expires_in","token_type"}`. */
  readonly tokenUrl: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** A valid token of an administrator, for one hour unless `exp` says otherwise. */
  token(claims?: Claims): string;
  /** Signs any header and payload with the issuer's key, for tests of hostile tokens. */
  sign(header: object, payload: object): string;
  close(): Promise<void>;
}

/** Starts the issuer on plain HTTP. With a folder its key is kept. */
export async function startAdminIssuer({ dir }: { dir?: string | undefined } = {}): Promise<AdminIssuer> {
  const pem = await keptFile(dir && join(dir, "admin-issuer.key.pem"), () =>
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  );
  const privateKey = createPrivateKey(pem);
  const { e, n } = createPublicKey(privateKey).export({ format: "jwk" });
  const kid = createHash("sha256")
    .update(JSON.stringify({ e, kty: "RSA", n }))
    .digest("base64url"); // RFC 7638
  const audience = "api://socmate-api-clients";

  const signWithKey = (header: object, payload: object) =>
    encodeJwt(header, payload, (input) => sign("sha256", Buffer.from(input), privateKey));

  function token(claims: Claims = {}): string {
    const iat = Math.floor(Date.now() / 1000);
    const standard = {
      aud: audience,
      iss: issuer,
      iat,
      nbf: iat,
      exp: iat + LIFETIME_SECONDS,
      name: "Local Administrator",
      oid: "10ca1000-0000-4000-8000-00000000000a",
      preferred_username: "admin@localhost",
      roles: ["admin"],
      sub: "local-administrator",
      tid: TENANT_ID,
      uti: randomUUID(),
      ver: "2.0",
    };
    return signWithKey({ typ: "JWT", alg: "RS256", kid }, { ...standard, ...claims });
  }

  const server = createServer(async (request, response) => {
    const { origin } = request.headers;
    if (origin !== undefined && LOOPBACK_ORIGIN.test(origin)) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-allow-headers", "content-type");
      response.setHeader("vary", "origin");
    }
    try {
      const url = `http://${request.headers.host}${request.url}`;
      if (request.method === "OPTIONS") response.writeHead(204).end();
      else if (request.method === "GET" && url === `${issuer}/.well-known/openid-configuration`) {
        sendJson(response, 200, {
          issuer,
          jwks_uri: jwksUrl,
          token_endpoint: tokenUrl,
          id_token_signing_alg_values_supported: ["RS256"],
          response_types_supported: ["token"],
          subject_types_supported: ["pairwise"],
        });
      } else if (request.method === "GET" && url === jwksUrl) {
        sendJson(response, 200, { keys: [{ kty: "RSA", use: "sig", kid, n, e, issuer }] });
      } else if (request.method === "POST" && url === tokenUrl) {
        // Asking for JSON makes a browser ask first, so that a foreign page cannot get a token.
        if (request.headers["content-type"] !== "application/json")
          throw new HttpError(415, { error: "invalid_request" });
        const claims = await readJson(request);
        sendJson(response, 200, { access_token: token(claims), expires_in: LIFETIME_SECONDS, token_type: "Bearer" });
      } else throw new HttpError(404, { error: "not_found" });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      sendJson(response, error.status, error.body);
    }
  });
  const base = `http://127.0.0.1:${await listen(server)}/${TENANT_ID}`;
  const issuer = `${base}/v2.0`;
  const jwksUrl = `${base}/discovery/v2.0/keys`;
  const tokenUrl = `${base}/oauth2/v2.0/token`;
  return { issuer, audience, jwksUrl, tokenUrl, kid, privateKey, token, sign: signWithKey, close: () => close(server) };
}
