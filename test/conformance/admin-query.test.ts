import { expect, test } from "vitest";
import { problem } from "../support/answers.ts";
import { send } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const { url, admin, createClient } = await startTestService();
const { clientId, clientSecret } = await createClient();

const UNKNOWN = "Is not a parameter of this request: remove it.";
const REPEATED = "Is repeated: send it once.";
const refusal = (...errors: [field: string, detail: string][]) =>
  problem(
    400,
    `The query has ${errors.length === 1 ? "a fault" : `${errors.length} faults`}: correct what errors names.`,
    errors.map(([field, detail]) => ({ field, detail })),
  );

test.for([
  ["GET", ""],
  ["POST", ""],
  ["GET", `/${clientId}`],
  ["DELETE", `/${clientId}`],
  ["POST", `/${clientId}/regenerate-secret`],
] as const)("refuses an unknown query parameter in %s api-clients%s", async ([method, path]) => {
  for (const query of ["serach=x", "serach=", "serach"]) {
    expect(await admin(method, `${path}?${query}`), query).toEqual(refusal(["serach", UNKNOWN]));
  }
  expect(await admin(method, `${path}?search=a&search=a`)).toMatchObject({ status: 400 });
  expect(await admin("GET", `/${clientId}`)).toMatchObject({ text: expect.stringContaining('"status":"active"') });
});

test("refuses a repeated parameter of a list, even with the same or without a value, and names every fault", async () => {
  for (const query of ["search=a&search=a", "search=a&search=", "search=&search="]) {
    expect(await admin("GET", `?${query}`), query).toEqual(refusal(["search", REPEATED]));
  }
  expect(await admin("GET", "?limit=1&limit=2&Limit=3&offset=-1&__proto__=x")).toEqual(
    refusal(
      ["limit", REPEATED],
      ["offset", "Must be a whole number from 0 to 999999999."],
      ["Limit", UNKNOWN],
      ["__proto__", UNKNOWN],
    ),
  );
});

test("takes a parameter of a list without a value for absent", async () => {
  expect(await admin("GET", "?search=&status=&limit=&offset=")).toMatchObject({ status: 200 });
});

test("[check 37] names no unknown query parameter that is long or holds a client secret", async () => {
  for (const name of ["x".repeat(101), clientSecret, `a${clientSecret.slice(0, 30)}`]) {
    expect(await admin("GET", `?${name}=1`)).toEqual(refusal(["(unknown parameter)", UNKNOWN]));
  }
});

test.for(["/.well-known/jwks.json", "/.well-known/openid-configuration", "/health", "/console/"])(
  "ignores the query of the public document %s, which verifiers, probes and caches add to",
  async (path) => {
    const query = "?appid=x&appid=y&_=1";
    expect(await send(`${url}${path}${query}`)).toEqual(await send(url + path));
  },
);
