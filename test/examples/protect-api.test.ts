import { createHmac, createPublicKey } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { buildDotnetApi } from "../../local/dotnet-api.ts";
import { needs, skippedFor } from "../debian.ts";
import { bodyOf, send } from "../support/http.ts";
import {
  API_SCOPE,
  type ApiOptions,
  type ProtectedApi,
  startAspNetApi,
  startPythonApi,
  startTypeScriptApi,
} from "../support/protected-api.ts";
import { startBehindTls } from "../support/tls-front.ts";
import { signInVault } from "../support/vault-signature.ts";

const { stack, front, createClient, requestToken } = await startBehindTls();
const options = { issuer: front.url, audience: front.url, env: { SSL_CERT_FILE: front.certificatePath } };
const dotnet = await buildDotnetApi();

const SAMPLES: [string, ReturnType<typeof needs>, (options: ApiOptions) => ProtectedApi | Promise<ProtectedApi>][] = [
  ["protect-api.ts (jose)", {}, startTypeScriptApi],
  ["protect_api.py (PyJWT)", needs("python3-jwt", "python3-cryptography"), startPythonApi],
  [
    "protect-api.cs (ASP.NET Core)",
    skippedFor(dotnet.missing),
    (toIssuer) => startAspNetApi(dotnet.program ?? "", toIssuer),
  ],
];

async function tokenOf(scopes: readonly string[]) {
  const client = await createClient({ scopes });
  const { access_token: token } = bodyOf(await requestToken(client)) as { access_token: string };
  return { ...client, token };
}

const { clientId, token } = await tokenOf([API_SCOPE, "graph:read"]);
const [header, claims] = [decodeProtectedHeader(token), decodeJwt(token)];

/** A token with the signature of the real key, so that it is refused for this difference and nothing else. */
const differing = (differences: { header?: object; claims?: object }) =>
  signInVault(stack, { ...header, ...differences.header }, { ...claims, ...differences.claims });

/** A token that has our public key for its HMAC key: the oldest trick against a verifier that believes `alg`. */
async function hmacToken(): Promise<string> {
  const { keys } = bodyOf(await send(`${front.url}/.well-known/jwks.json`)) as JSONWebKeySet;
  const pem = createPublicKey({ key: keys[0] ?? {}, format: "jwk" }).export({ type: "spki", format: "pem" });
  const [head, body] = [{ ...header, alg: "HS256" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return `${head}.${body}.${createHmac("sha256", pem).update(`${head}.${body}`).digest("base64url")}`;
}

const altered = () => {
  const [head = "", , signature = ""] = token.split(".");
  const body = Buffer.from(JSON.stringify({ ...claims, scope: "graph:read search:read incidents:read" }));
  return [head, body.toString("base64url"), signature].join(".");
};

describe.each(SAMPLES)("%s", (_name, skip, start) => {
  describe("as an API", skip, async () => {
    const api = skip.skip ? undefined : await start(options);
    afterAll(() => api?.stop?.());
    const get = (authorization: string | undefined) => api?.get(authorization);

    test("opens for a token with the scope, and knows its client", async () => {
      expect(await get(`Bearer ${token}`)).toEqual({ status: 200, clientId });
    });

    test("opens for a token from which nothing differs, signed by the test", async () => {
      expect(await get(`Bearer ${await differing({})}`)).toEqual({ status: 200, clientId });
    });

    test("answers a token without the scope with 403 and names the scope (RFC 6750 §3.1)", async () => {
      const forbidden = { status: 403, challenge: `Bearer error="insufficient_scope", scope="${API_SCOPE}"` };
      expect(await get(`Bearer ${(await tokenOf(["graph:read"])).token}`)).toEqual(forbidden);
      // A scope is a whole word.
      const similar = await differing({ claims: { scope: "search:reader graph:read" } });
      expect(await get(`Bearer ${similar}`)).toEqual(forbidden);
    });

    test.each([undefined, "", "Basic eDp5", "Bearer"])("asks for a token where there is none: %j", async (none) => {
      expect(await get(none)).toEqual({ status: 401, challenge: "Bearer" });
    });

    test.each<[string, () => string | Promise<string>]>([
      ["for another audience", () => differing({ claims: { aud: "https://other.example" } })],
      ["of another issuer", () => differing({ claims: { iss: "https://other.example" } })],
      ["that has expired", () => differing({ claims: { iat: 1_700_000_000, exp: 1_700_001_800 } })],
      ["of the type JWT (RFC 9068 §4)", () => differing({ header: { typ: "JWT" } })],
      ["without a type", () => differing({ header: { typ: undefined } })],
      ["of an unknown key", () => stack.adminIssuer.sign({ ...header, kid: "unknown" }, claims)],
      ["that another key signed under our kid", () => stack.adminIssuer.sign(header, claims)],
      ["with an altered signature", () => token.replace(/.{4}$/, "AAAA")],
      ["with altered claims", altered],
      ["with the public key as its HMAC key", hmacToken],
      ["of an administrator", () => stack.adminToken()],
      ["that is no token", () => "a.b.c"],
    ])("refuses a token %s", async (_difference, wrong) => {
      expect(await get(`Bearer ${await wrong()}`)).toEqual({
        status: 401,
        challenge: expect.stringMatching(/^Bearer error="invalid_token"/),
      });
    });

    test("fails where it cannot fetch the keys, and does not blame the caller", async () => {
      const cutOff = await start({ ...options, issuer: "https://127.0.0.1:1" });
      await expect(cutOff.get(`Bearer ${token}`)).rejects.toThrow();
      await cutOff.stop?.();
    });
  });
});

test(
  "a clock that is half a minute behind accepts a new token in Python, which compares iat",
  needs("python3-jwt", "python3-cryptography"),
  async () => {
    const api = startPythonApi(options);
    const iat = Math.floor(Date.now() / 1000) + 30;
    const early = await differing({ claims: { iat, exp: iat + 1_800 } });
    expect(await api.get(`Bearer ${early}`)).toEqual({ status: 200, clientId });
    await api.stop?.();
  },
);
