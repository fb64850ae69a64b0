import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { promisify } from "node:util";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { startScriptedTokenEndpoint } from "../support/scripted-token-endpoint.ts";
import { startBehindTls } from "../support/tls-front.ts";

const EXAMPLE = `${import.meta.dirname}/../../examples/client.py`;
const CALL = 'print(api.get("/api/v1/search").text)';

describe("the httpx client of examples/client.py", needs("python3-httpx"), async () => {
  const { url, front, createClient } = await startBehindTls({ api: (request, response) => search(request, response) });
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
  const { clientId, clientSecret } = await createClient({ scopes: ["search:read"] });

  /** The API that the token is for: it answers with the id of the token. */
  const search: RequestListener = async ({ headers }, response) => {
    const token = headers.authorization?.replace("Bearer ", "") ?? "";
    const { payload } = await jwtVerify(token, keys, { issuer: front.url, audience: front.url, typ: "at+jwt" });
    response.end(payload.jti);
  };

  /** Runs statements after the example with Debian's Python; `api` is a client with its authentication. */
  async function python(
    statements: string,
    secret = clientSecret,
    tokenUrl = `${front.url}/oauth/token`,
  ): Promise<string> {
    const program = `${readFileSync(EXAMPLE, "utf8")}
import os
auth = SocmateAuth(os.environ["TOKEN_URL"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
api = httpx.Client(base_url=os.environ["API_URL"], auth=auth)
${statements}`;
    const { stdout } = await promisify(execFile)("/usr/bin/python3", ["-c", program], {
      env: {
        TOKEN_URL: tokenUrl,
        API_URL: front.url,
        CLIENT_ID: clientId,
        CLIENT_SECRET: secret,
        SSL_CERT_FILE: front.certificatePath,
      },
    });
    return stdout;
  }

  test("uses one token for many requests, and renews it a minute before it expires", async () => {
    const printed = await python(`${CALL}\n${CALL}\nauth.expires_at = time.time() + 59\n${CALL}`);
    const [first, second, third] = printed.trim().split("\n");
    expect(first).toMatch(/^[\da-f-]{36}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  const AsyncCall = `
async def main():
    async with httpx.AsyncClient(base_url=os.environ["API_URL"], auth=auth) as client:
        print((await client.get("/api/v1/search")).text)
asyncio.run(main())`;

  test("works with an asynchronous client", async () => {
    expect((await python(AsyncCall)).trim()).toMatch(/^[\da-f-]{36}$/);
  });

  test.for([
    ["a synchronous", CALL],
    ["an asynchronous", AsyncCall],
  ] as const)(
    "waits as long as Retry-After says with %s client, and shows the answer if the service stays busy",
    async ([, call]) => {
      const { url: busyUrl, pausesMs } = await startScriptedTokenEndpoint("busy");
      const printed = await python(
        `try:\n${call.trim().replace(/^/gm, "    ")}\nexcept RuntimeError as error:\n    print(error)`,
        clientSecret,
        busyUrl,
      );
      expect(printed).toContain("No access token (503):");
      expect(printed).toContain("The service cannot answer right now.");
      expect(pausesMs).toEqual([1, 2].map(() => expect.toSatisfy((pause: number) => pause >= 990)));
    },
  );

  test("goes on with the token that it gets after a wait", async () => {
    const { url: busyUrl, pausesMs } = await startScriptedTokenEndpoint("busy", "token");
    const statements = `
flow = auth.sync_auth_flow(httpx.Request("GET", "https://api.example"))
with httpx.Client() as client:
    busy = client.send(next(flow))
    token = client.send(flow.send(busy))
    print(flow.send(token).headers["Authorization"])`;
    expect((await python(statements, clientSecret, busyUrl)).trim()).toBe("Bearer a-token");
    expect(pausesMs).toHaveLength(1);
  });

  test("shows the answer of the token endpoint when it is refused", async () => {
    const wrong = clientSecret.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    const printed = await python(`try:\n    ${CALL}\nexcept RuntimeError as error:\n    print(error)`, wrong);
    expect(printed).toContain('No access token (401): {"error":"invalid_client","error_description":');
  });
});
