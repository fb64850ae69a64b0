import { describe, expect, test, vi } from "vitest";
import { boundedCredential } from "../../../shared/azure/credential.ts";
import { createClock } from "../../fakes/fake-clock.ts";

const clock = createClock();
const SCOPE = "https://vault.azure.net/.default";
const token = (text: string) => ({ token: text, expiresOnTimestamp: 1 });

describe("the credential", () => {
  test("the credential shares one request for a token among concurrent callers, but not with later ones", async () => {
    const getToken = vi.fn(async () => token("a"));
    const credential = boundedCredential({ getToken }, clock);
    const tokens = await Promise.all(Array.from({ length: 50 }, () => credential.getToken(SCOPE)));
    expect(new Set(tokens.map((each) => each?.token))).toEqual(new Set(["a"]));
    expect(getToken).toHaveBeenCalledTimes(1);
    await credential.getToken([SCOPE]);
    await credential.getToken("https://storage.azure.com/.default");
    expect(getToken).toHaveBeenCalledTimes(3);
  });

  test("the credential aborts a request that hangs for all its callers and makes a new one for the next", async () => {
    const getToken = vi.fn(async () => token("a"));
    getToken.mockReturnValueOnce(new Promise(() => {}));
    const credential = boundedCredential({ getToken }, clock);
    const tokens = Promise.allSettled([credential.getToken(SCOPE), credential.getToken(SCOPE)]);
    clock.advance(2_000);
    const waiting = await tokens;
    expect(waiting.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(credential.getToken(SCOPE)).resolves.toEqual(token("a"));
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  test("a request of the credential does not end with its first caller", async () => {
    const first = new AbortController();
    const seen: unknown[] = [];
    const getToken = vi.fn(async (_scopes: string | string[], options?: { abortSignal?: unknown }) => {
      seen.push(options?.abortSignal);
      return token("a");
    });
    await boundedCredential({ getToken }, clock).getToken(SCOPE, { abortSignal: first.signal });
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toBe(first.signal);
  });

  test("the credential passes on a failure and does not keep it", async () => {
    const getToken = vi.fn(async () => token("a"));
    getToken.mockRejectedValueOnce(new Error("no identity"));
    const credential = boundedCredential({ getToken }, clock);
    await expect(credential.getToken(SCOPE)).rejects.toThrow("no identity");
    await expect(credential.getToken(SCOPE)).resolves.toEqual(token("a"));
  });
});
