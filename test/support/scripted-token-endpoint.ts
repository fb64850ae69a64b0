import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A token endpoint with answers that a test has chosen. */
export interface ScriptedTokenEndpoint {
  readonly url: string;
  /** The milliseconds between each request and the one before. */
  readonly pausesMs: number[];
}

/** The answers of a token endpoint, as the service gives them. */
const ANSWERS = {
  busy: [503, { error: "temporarily_unavailable", error_description: "The service cannot answer right now." }],
  refused: [401, { error: "invalid_client", error_description: "client_secret is not complete." }],
  token: [200, { access_token: "a-token", expires_in: 1800, token_type: "Bearer", scope: "search:read" }],
} as const;

/** Starts a token endpoint that gives these answers in turn, and the last one from then on. `busy` has `Retry-After: 1`. */
export async function startScriptedTokenEndpoint(
  ...script: [keyof typeof ANSWERS, ...(keyof typeof ANSWERS)[]]
): Promise<ScriptedTokenEndpoint> {
  const pausesMs: number[] = [];
  let lastMs: number | undefined;
  const server = createServer((request, response) => {
    const nowMs = performance.now();
    if (lastMs !== undefined) pausesMs.push(nowMs - lastMs);
    lastMs = nowMs;
    const name = script[0];
    if (script.length > 1) script.shift();
    const [status, body] = ANSWERS[name];
    request.resume();
    response
      .writeHead(status, { "content-type": "application/json", ...(name === "busy" && { "retry-after": "1" }) })
      .end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`, pausesMs };
}
