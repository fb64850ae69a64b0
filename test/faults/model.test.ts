import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { disableWins, protocolHolds } from "./model.ts";
import { MUTANTS } from "./mutants.ts";
import type { World } from "./world.ts";

// Names and secrets are counted instead of random, so that the same seed gives the same run.
const drawn = vi.hoisted(() => ({ count: 0 }));
vi.mock("node:crypto", async (importOriginal) => {
  const crypto = await importOriginal<typeof import("node:crypto")>();
  const randomBytes = (size: number) => {
    drawn.count += 1;
    return crypto.createHash("sha512").update(String(drawn.count)).digest().subarray(0, size);
  };
  return { ...crypto, randomBytes, randomInt: (max: number) => randomBytes(4).readUInt32BE() % max };
});

const SEED = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.MODEL_RUNS ?? 200);
const AGAIN = `MODEL_SEED=${SEED} MODEL_RUNS=${RUNS} npx vitest run test/faults/model.test.ts`;

function begin(_world: World): void {
  drawn.count = 0;
}

describe("the storage protocol under any order of any faults", () => {
  // Alarms of background work, such as the write of a use that is refused.
  beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());

  test(`the storage protocol holds in ${RUNS} runs [check 50] (again: ${AGAIN})`, { timeout: 300_000 }, async () => {
    console.log(`model test: ${AGAIN}`);
    await fc.assert(protocolHolds({}, begin), { seed: SEED, numRuns: RUNS });
  });

  test("a disable wins against a concurrent regenerate in 500 runs [check 48]", { timeout: 300_000 }, async () => {
    await fc.assert(disableWins(begin), { seed: SEED, numRuns: 500 });
  });

  test("two runs of the model with the same seed have the same trace", { timeout: 300_000 }, async () => {
    const traces: string[][] = [];
    const keep = (next: World) => {
      begin(next);
      traces.push(next.trace);
    };
    for (let i = 0; i < 2; i++) await fc.assert(protocolHolds({}, keep), { seed: SEED, numRuns: 20 });
    expect(traces).toHaveLength(40);
    expect(traces.slice(0, 20)).toEqual(traces.slice(20));
  });

  test.for(Object.entries(MUTANTS))(
    "the model test refutes a protocol in which %s [check 55]",
    { timeout: 300_000 },
    async ([, mutant]) => {
      const { failed, numRuns, errorInstance } = await fc.check(protocolHolds(mutant, begin), {
        seed: SEED,
        numRuns: RUNS,
        endOnFailure: true,
      });
      if (process.env.MODEL_VERBOSE) console.log(numRuns, String(errorInstance));
      expect(failed).toBe(true);
    },
  );
});
