import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { z } from "zod";
import { needs } from "../debian.ts";
import { ALL_SCOPES } from "../support/test-service.ts";
import { startBehindTls } from "../support/tls-front.ts";

const { front, service, createClient } = await startBehindTls();
const { clientId, clientSecret } = await createClient();

/** Runs Debian's Python in this folder and reads the JSON that it prints. */
async function python(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)("/usr/bin/python3", args, {
    cwd: import.meta.dirname,
    env: {
      ISSUER: front.url,
      TOKEN_URL: `${front.url}/oauth/token`,
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      SSL_CERT_FILE: front.certificatePath,
      REQUESTS_CA_BUNDLE: front.certificatePath,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  return JSON.parse(stdout);
}

const tokensIssued = () => service.lines.filter((line) => line.includes('"jti"')).length;

test(
  "[check 30] the Python of the documentation gets a token and keeps it until it is near its end",
  needs("python3-httpx"),
  async () => {
    const before = tokensIssued();
    const call = `
import json, product_example as p
first, second = p.get_token(), p.get_token()
p.token_expiry = p.time.time() + 59
print(json.dumps({"first": first, "second": second, "third": p.get_token(), "data": p.token_data}))`;
    const tokens = z
      .object({
        first: z.string(),
        second: z.string(),
        third: z.string(),
        data: z.object({ expires_in: z.literal(1800) }),
      })
      .parse(await python("-c", call));
    expect(tokens.second).toBe(tokens.first);
    expect(tokens.third).not.toBe(tokens.first);
    expect(decodeJwt(tokens.first)).toMatchObject({ iss: front.url, sub: clientId, scope: ALL_SCOPES.join(" ") });
    await expect.poll(() => tokensIssued() - before).toBe(2);
  },
);

test(
  "requests-oauthlib gets tokens by Basic, by post and by both, and understands refusals",
  needs("python3-requests-oauthlib"),
  async () => {
    const token = {
      access_token: expect.any(String),
      expires_in: 1800,
      token_type: "Bearer",
      scope: ALL_SCOPES,
      expires_at: expect.any(Number),
    };
    expect(await python("requests_oauthlib_client.py")).toEqual({
      basic: token,
      post: token,
      both: token,
      narrowed: { ...token, scope: ["search:read", "graph:read"] },
      wrong_scope: [400, "invalid_scope"],
      wrong_secret: [401, "invalid_client"],
    });
  },
);

test(
  "Authlib accepts the metadata, gets tokens by both methods, and verifies them",
  needs("python3-authlib"),
  async () => {
    const verified = {
      header: { alg: "RS256", typ: "at+jwt", kid: expect.any(String) },
      claims: {
        iss: front.url,
        aud: front.url,
        sub: clientId,
        client_id: clientId,
        scope: ALL_SCOPES.join(" "),
        iat: expect.any(Number),
        exp: expect.any(Number),
        jti: expect.any(String),
      },
    };
    expect(await python("authlib_client.py")).toEqual({
      methods: [verified, verified],
      narrowed: "search:read graph:read",
      wrong_scope: "invalid_scope",
      wrong_secret: "invalid_client",
    });
  },
);
