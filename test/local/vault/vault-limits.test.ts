import { expect, test } from "vitest";
import { HttpError } from "../../../local/server/http-server.ts";
import { enforceLimits } from "../../../local/vault/vault-limits.ts";

test("a vault with limits refuses operations over the limit of their kind with 429 until its ten seconds are over", () => {
  let time = 0;
  const admit = enforceLimits({ signatures: 2, secretReads: 1, secretWrites: 0 }, () => time);
  const refusal = (operation: string) => {
    try {
      admit(operation);
      return "none";
    } catch (error) {
      if (error instanceof HttpError) return { status: error.status, after: error.headers["retry-after"] };
      throw error;
    }
  };
  expect(refusal("POST keys name sign")).toBe("none");
  time = 7_500;
  expect(refusal("POST keys name sign")).toBe("none");
  expect(refusal("POST keys name sign")).toEqual({ status: 429, after: "3" });
  expect(refusal("GET secrets name")).toBe("none");
  expect(refusal("PUT secrets name")).toEqual({ status: 429, after: "3" });
  expect(refusal("GET keys name versions")).toBe("none");
  time = 10_000;
  expect(refusal("POST keys name sign")).toBe("none");
});
