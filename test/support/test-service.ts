import { afterAll } from "vitest";
import { z } from "zod";
import { type Service, type ServiceOptions, startService } from "../../local/host/service.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { type Answer, bodyOf, send } from "./http.ts";

/** The credentials of a client that a test has created. */
export interface TestClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A stack, one instance of the service on it, and the common requests of tests. */
export interface TestService {
  readonly stack: Stack;
  readonly service: Service;
  readonly url: string;
  /** Sends a request to the admin API, with an admin token and a JSON body. */
  admin(method: string, path?: string, body?: unknown): Promise<Answer>;
  /** Creates a client, with all scopes unless told otherwise. */
  createClient(members?: { name?: string; description?: string; scopes?: readonly string[] }): Promise<TestClient>;
  /** Requests a token with the credentials in the form; `more` adds or replaces parameters. */
  requestToken(client: TestClient, more?: Record<string, string>): Promise<Answer>;
}

const created = z.object({ client_id: z.string(), client_secret: z.string() });

export const ALL_SCOPES = [
  "investigations:read",
  "investigations:write",
  "incidents:read",
  "search:read",
  "graph:read",
] as const;

/** Starts a stack, unless there is one, and the service for a test file, and stops both after its last test. */
export async function startTestService(options: ServiceOptions = {}, onStack?: Stack): Promise<TestService> {
  const stack = onStack ?? (await startStack());
  const service = await startService(stack, options);
  afterAll(async () => {
    await service.stop();
    await stack.close();
  });
  const { url } = service;

  const admin: TestService["admin"] = (method, path = "", body) =>
    send(`${url}/api/admin/api-clients${path}`, {
      method,
      headers: { authorization: `Bearer ${stack.adminToken()}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  return {
    stack,
    service,
    url,
    admin,
    async createClient(members) {
      const answer = await admin("POST", "", { name: "Test", scopes: ALL_SCOPES, ...members });
      const { client_id: clientId, client_secret: clientSecret } = created.parse(bodyOf(answer));
      return { clientId, clientSecret };
    },
    requestToken: ({ clientId, clientSecret }, more) =>
      postForm(url, {
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
        ...more,
      }),
  };
}

/** Posts a form to the token endpoint, from parameters or from a raw body. */
export function postForm(
  url: string,
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return send(`${url}/oauth/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
  });
}

/** Returns the value of an Authorization header: HTTP Basic of these bytes, without the encoding of RFC 6749 §2.3.1. */
export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}
