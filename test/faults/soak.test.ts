import { describe, expect, test } from "vitest";
import type { Fault } from "../../local/faults/faults.ts";
import { soak } from "./soak.ts";

const SECONDS = 6;
const PATIENCE_MS = 120_000;
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);

/** Half of the commits of a new secret lose their reply, fail or land when nobody waits for them any more. */
const BAD_FOR_COMMITS: Fault[] = [
  { operation: "table-merge", kind: "lose-reply", chance: 0.3 },
  { operation: "table-merge", kind: "apply-later", value: 300, chance: 0.15 },
  { operation: "table-merge", kind: "reset", chance: 0.1 },
  { operation: "table-get", kind: "fail", value: 503, chance: 0.03 },
];

describe("what two instances tell, client by client, has an order that explains all of it", {
  timeout: PATIENCE_MS,
}, () => {
  test.for([
    ["while half of all commits go wrong", () => BAD_FOR_COMMITS],
    ["while anything goes wrong now and then", undefined],
  ] as const)("%s [check 45] [check 46] [check 47] [check 49]", async ([, weather]) => {
    console.log(`soak: the same faults again with SOAK_SEED=${SEED} npx vitest run test/faults/soak.test.ts`);
    const { requests, faults, answers, violations } = await soak({
      seconds: SECONDS,
      seed: SEED,
      ...(weather && { weather }),
    });
    console.log(JSON.stringify({ requests, faults, answers }));
    expect(violations).toEqual([]);
    expect(Object.keys(faults)).not.toEqual([]);
    expect(Object.keys(answers)).toEqual(
      expect.arrayContaining(["create 201", "regenerate 200", "token 200", "token 401"]),
    );
  });
});
