import { expect, test } from "vitest";
import { oauthError, problem } from "../support/answers.ts";
import { type Answer, send } from "../support/http.ts";
import { openConnection, rawRequest } from "../support/raw-http.ts";
import { startTestService } from "../support/test-service.ts";

const { url, stack, createClient } = await startTestService();
const { clientId } = await createClient();
const CLIENTS = "/api/admin/api-clients";
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const PUBLIC = [
  "/.well-known/jwks.json",
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/health",
  "/console/",
  "/console/config.json",
];
const ALLOWED: Record<string, string[]> = {
  ...Object.fromEntries(PUBLIC.map((path) => [path, ["GET", "HEAD"]])),
  "/oauth/token": ["POST"],
  [CLIENTS]: ["GET", "HEAD", "POST"],
  [`${CLIENTS}/${clientId}`]: ["GET", "HEAD", "DELETE"],
  [`${CLIENTS}/${clientId}/regenerate-secret`]: ["POST"],
};

const ask = (method: string, path: string): Promise<Answer> =>
  send(url + path, { method, headers: { authorization: `Bearer ${stack.adminToken()}` } });

/** Returns the length that an answer states, and an answer to a GET on the same connection, which a body would have spoilt. */
async function headThenGet(path: string) {
  await using connection = await openConnection(url);
  const request = (method: string) =>
    rawRequest(`
      ${method} ${path} HTTP/1.1
      Host: ${new URL(url).host}
      Authorization: Bearer ${stack.adminToken()}

    `);
  connection.socket.write(request("HEAD"));
  const head = await connection.answer({ bodiless: true });
  connection.socket.write(request("GET"));
  return { head, get: await connection.answer() };
}

test.for([...PUBLIC, CLIENTS, `${CLIENTS}?search=Test`, `${CLIENTS}/${clientId}`])(
  "[check 62] RFC 9110 §9.3.2: answers HEAD of %s as GET, without a body",
  async (path) => {
    const { head, get } = await headThenGet(path);
    expect(get.status).toBe(200);
    expect(head).toEqual({ ...get, text: "" });
  },
);

test("[check 62] RFC 9110 §8.6: states in an answer to HEAD the length that GET has", async () => {
  for (const path of ["/.well-known/jwks.json", `${CLIENTS}/${clientId}`]) {
    const authorization = `Bearer ${stack.adminToken()}`;
    const lengthOf = async (method: string) =>
      (await fetch(url + path, { method, headers: { authorization } })).headers.get("content-length");
    expect(await lengthOf("HEAD")).toBe(String((await ask("GET", path)).text.length));
  }
});

test.for(Object.entries(ALLOWED))(
  "[check 62] RFC 9110 §15.5.6: answers any other method than those of %s with 405 and Allow",
  async ([path, allowed]) => {
    const detail = `Use ${allowed.join(" or ")}.`;
    const allow = { allow: allowed.join(", ") };
    const refusal =
      path === "/oauth/token"
        ? oauthError(405, "invalid_request", detail, allow)
        : problem(405, detail, undefined, allow);
    for (const method of METHODS.filter((each) => !allowed.includes(each))) {
      const expected = method === "HEAD" ? { ...refusal, text: "" } : refusal;
      expect(await ask(method, path), method).toEqual(expected);
    }
  },
);

test("[check 62] RFC 9110 §15.5.5: answers 404 to every method where there is no route", async () => {
  for (const method of METHODS)
    expect(await ask(method, `${CLIENTS}/${clientId}/x`), method).toMatchObject({ status: 404 });
});
