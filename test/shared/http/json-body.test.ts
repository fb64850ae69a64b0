import { HttpRequest } from "@azure/functions";
import { describe, expect, test } from "vitest";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { readJson } from "../../../shared/http/json-body.ts";
import { newClientSchema } from "../../../shared/model/client.ts";
import { createContext } from "../../fakes/fake-context.ts";

function read(body: string | Uint8Array, contentType = "application/json") {
  const content = typeof body === "string" ? { string: body } : { bytes: body };
  const headers = { "content-type": contentType };
  return readJson(
    new HttpRequest({ method: "POST", url: "http://127.0.0.1/", headers, body: content }),
    newClientSchema,
    createContext(),
  );
}

const valid = { name: "x", description: "", scopes: ["search:read"] };

describe("a JSON body", () => {
  test.for(["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])(
    "accepts a JSON body of the media type %s",
    async (type) => {
      await expect(read(JSON.stringify(valid), type)).resolves.toEqual(valid);
    },
  );

  test.for(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/merge-patch+json"])(
    "refuses a JSON body of the media type %s",
    async (type) => {
      await expect(read(JSON.stringify(valid), type)).rejects.toThrow(
        expect.objectContaining({ status: 415, detail: "Send the body as JSON: Content-Type: application/json." }),
      );
    },
  );

  test.for([
    "",
    "{",
    "undefined",
    "{'name':'x'}",
    '{"name":"x",}',
    "\ufeff\ufeff{}",
    Uint8Array.from([0x22, 0xff, 0x22]),
  ])("refuses a body that is not JSON in UTF-8: %j [check 33]", async (body) => {
    await expect(read(body)).rejects.toThrow(
      expect.objectContaining({ status: 400, detail: "The body is not valid JSON in UTF-8." }),
    );
  });

  test.for(["null", "1", '"x"', "[]", "true"])(
    "refuses a JSON body that is not an object: %s [check 33]",
    async (body) => {
      await expect(read(body)).rejects.toThrow(
        expect.objectContaining({
          status: 400,
          detail: "The body has a fault: correct what errors names.",
          errors: [{ field: "", detail: "Must be a JSON object." }],
        }),
      );
    },
  );

  test("names all faults of a JSON body together, with each unknown member [check 32]", async () => {
    await expect(read('{"name":1,"status":"active","__proto__":{},"scopes":["x"]}')).rejects.toThrow(
      expect.objectContaining({
        status: 400,
        detail: "The body has 4 faults: correct what errors names.",
        errors: expect.arrayContaining([
          { field: "name", detail: "Must be a string." },
          { field: "status", detail: "Is not a member of the body: remove it." },
          { field: "__proto__", detail: "Is not a member of the body: remove it." },
          { field: "scopes", detail: expect.stringMatching(/^"x" is not a scope\./) },
        ]),
      }),
    );
  });

  test("does not repeat an unknown member of a JSON body that is a secret or too long [check 37]", async () => {
    const body = { ...valid, [generateClientSecret()]: 1, ["a".repeat(101)]: 1 };
    await expect(read(JSON.stringify(body))).rejects.toThrow(
      expect.objectContaining({
        errors: Array(2).fill({ field: "(unknown member)", detail: "Is not a member of the body: remove it." }),
      }),
    );
  });

  test("names at most a hundred faults of a JSON body and their number", async () => {
    const body = { ...valid, scopes: Array(2_000).fill("admin:all") };
    const { detail, errors } = await read(JSON.stringify(body)).catch((problem) => problem);
    expect(detail).toBe("The body has 2000 faults: correct what errors names.");
    expect(errors).toHaveLength(100);
  });

  test("refuses a JSON body of more than 64 KiB", async () => {
    const fitting = JSON.stringify({ ...valid, name: "a".repeat(65_536 - JSON.stringify(valid).length + 1) });
    expect(fitting).toHaveLength(65_536);
    await expect(read(fitting)).rejects.toThrow(expect.objectContaining({ status: 400 }));
    await expect(read(`${fitting} `)).rejects.toThrow(expect.objectContaining({ status: 413 }));
  });
});
