import { describe, expect, test } from "vitest";
import { startTestService } from "../support/test-service.ts";
import { startBehindTls } from "../support/tls-front.ts";

const behindTls = await startBehindTls();
const loopback = await startTestService();

const CLIENTS = "/api/admin/api-clients";
const auth = (stack: { adminToken(): string }) => ({ authorization: `Bearer ${stack.adminToken()}` });
const form = { "content-type": "application/x-www-form-urlencoded" };

/** An answer of each endpoint, and of each kind of refusal. */
const REQUESTS: [string, number, (stack: { adminToken(): string }) => RequestInit][] = [
  ["/.well-known/jwks.json", 200, () => ({})],
  ["/.well-known/oauth-authorization-server", 200, () => ({ method: "HEAD" })],
  ["/health", 200, () => ({})],
  [CLIENTS, 200, (stack) => ({ headers: auth(stack) })],
  [CLIENTS, 401, () => ({})],
  [CLIENTS, 400, (stack) => ({ method: "POST", headers: { ...auth(stack), "content-type": "application/json" } })],
  [`${CLIENTS}/socmate-nobody-000000`, 404, (stack) => ({ method: "DELETE", headers: auth(stack) })],
  ["/oauth/token", 400, () => ({ method: "POST", headers: form })],
  ["/oauth/token", 401, () => ({ method: "POST", headers: form, body: "grant_type=client_credentials" })],
  ["/oauth/token", 405, () => ({})],
  ["/oauth/token", 400, () => ({ method: "POST", headers: { ...form, "x-ms-invocation-id": "1" } })],
  ["/console/", 200, () => ({})],
  ["/console/config.json", 200, () => ({})],
  ["/console/nothing.js", 404, () => ({})],
];

describe.each([
  ["an https issuer", behindTls.front.url, behindTls.stack, "max-age=31536000"],
  ["an http issuer on loopback", loopback.url, loopback.stack, null],
] as const)("with %s", (_name, url, stack, strictTransport) => {
  test.for(REQUESTS)(
    "the answer of %s with %d forbids sniffing, and asks for TLS only where there is some (RFC 6797 §7.2)",
    async ([path, status, request]) => {
      const answer = await fetch(url + path, request(stack));
      expect({ status: answer.status, sniffing: answer.headers.get("x-content-type-options") }).toEqual({
        status,
        sniffing: "nosniff",
      });
      expect(answer.headers.get("strict-transport-security")).toBe(strictTransport);
    },
  );
});
