import { describe, expect, test } from "vitest";
import type { Fault } from "../../local/faults/faults.ts";
import { soak } from "./soak.ts";

const SECONDS = 6;
const TEST_TIMEOUT_MS = 120_000;
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);

/** Half of the commits of a new secret lose their reply, fail or arrive late. */
const BAD_FOR_COMMITS: Fault[] = [
  { operation: "table-merge", kind: "lose-reply", chance: 0.3 },
  { operation: "table-merge", kind: "apply-later", value: 300, chance: 0.15 },
  { operation: "table-merge", kind: "reset", chance: 0.1 },
  { operation: "table-get", kind: "fail", value: 503, chance: 0.03 },
];

describe("the answers of two instances under random faults", {
  timeout: TEST_TIMEOUT_MS,
}, () => {
  test.for([
    ["half of all commits fail", () => BAD_FOR_COMMITS],
    ["any call fails now and then", undefined],
  ] as const)(
    "the answers of two instances are linearizable for each client while %s [check 45] [check 46] [check 47] [check 49]",
    async ([, faultMix]) => {
      console.log(`soak: the same faults again with SOAK_SEED=${SEED} npx vitest run test/faults/soak.test.ts`);
      const { requests, faults, answers, violations } = await soak({
        seconds: SECONDS,
        seed: SEED,
        ...(faultMix && { faultMix }),
      });
      console.log(JSON.stringify({ requests, faults, answers }));
      expect(violations).toEqual([]);
      expect(Object.keys(faults)).not.toEqual([]);
      expect(Object.keys(answers)).toEqual(
        expect.arrayContaining(["create 201", "regenerate 200", "token 200", "token 401"]),
      );
    },
  );
});
