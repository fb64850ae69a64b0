import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Mutant } from "./mutants.ts";
import type { ClientHistory } from "./register.ts";
import { OUTCOMES, type Outcome, type Turns, World } from "./world.ts";

let world: World;
let history: ClientHistory;

/** Every step runs immediately, since nothing competes. Only a late write waits, until the world settles. */
let settling = Promise.withResolvers<void>();
const turns: Turns = {
  turn: async (label) => {
    if (label.endsWith(": now")) await settling.promise;
  },
  async until(work) {
    settling.resolve();
    await work;
    settling = Promise.withResolvers();
  },
};

beforeEach(async () => {
  // Alarms of background work, such as the write of a use that is refused.
  vi.spyOn(console, "error").mockReturnValue();
  world = new World(turns);
  const created = await world.create(0);
  if (!created) throw new Error("no client");
  history = created;
});

const OPERATIONS = {
  create: (outcomes: Outcome[]) => world.create(1, outcomes),
  regenerate: (outcomes: Outcome[]) => world.regenerate(1, history, outcomes),
  disable: (outcomes: Outcome[]) => world.disable(1, history, outcomes),
  token: (outcomes: Outcome[]) => world.token(1, history, history.secrets[0] ?? "", outcomes),
  sweep: (outcomes: Outcome[]) => world.sweep(1, outcomes),
};
type Kind = keyof typeof OPERATIONS;
const KINDS = Object.keys(OPERATIONS) as Kind[];

/** The calls to the stores that an operation makes without faults. */
const CALLS: Record<Kind, string[]> = {
  create: ["setSecret", "getSecret", "submitTransaction"],
  regenerate: ["getEntity", "setSecret", "getSecret", "submitTransaction", "getSecret", "updateSecretProperties"],
  disable: ["getEntity", "submitTransaction", "getEntity", "getSecret", "updateSecretProperties"],
  token: ["getEntity", "getSecret", "updateEntity"],
  sweep: ["getEntity", "listEntities", "readPage", "updateEntity", "createEntity", "updateEntity"],
};

test.for(KINDS)("%s makes the calls to the stores that the table of this test lists", async (kind) => {
  world.trace.length = 0;
  await OPERATIONS[kind]([]);
  const methods = world.trace.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(" ")[2]);
  expect(methods).toEqual(CALLS[kind]);
});

/** One fault, or two consecutive ones, at every call of every operation. */
const CASES = KINDS.flatMap((kind) =>
  CALLS[kind].flatMap((method, index) =>
    OUTCOMES.flatMap((first) => OUTCOMES.map((second) => ({ kind, method, index, first, second }))).filter(
      ({ first }) => first !== "ok",
    ),
  ),
);

describe("repetition heals every fault [check 50]", () => {
  const byCall = Map.groupBy(CASES, ({ kind, method, index }) => `${kind}, call ${index + 1} (${method})`);
  test.for([...byCall])("repetition heals one fault or two at %s", async ([, cases]) => {
    for (const { kind, index, first, second } of cases) {
      world = new World(turns);
      history = (await world.create(0)) as ClientHistory;
      await OPERATIONS[kind]([...Array.from({ length: index }, (): Outcome => "ok"), first, second]);
      await world.settle();
      await heals();
      expect(world.allViolations(), `${first}, then ${second}\n${world.trace.join("\n")}`).toEqual([]);
    }
  });
});

/** Expects that repeated admin requests succeed, and that no orphaned secret is enabled a day later. */
async function heals(): Promise<void> {
  await tryAllSecrets();
  await world.regenerate(2, history);
  await tryAllSecrets();
  await world.disable(0, history);
  await tryAllSecrets();
  world.clock.advance(25 * 3_600_000);
  expect((await world.sweep(0)).at(-1)).toContain('"outcome":"success"');
  const names = new Set(
    [...world.table.rows.values()].flatMap((row) => (row.status === "active" ? [row.secretName] : [])),
  );
  for (const [name, versions] of world.vault.secrets) {
    expect(versions.at(-1)?.properties.enabled, `${name} is enabled`).toBe(names.has(name));
  }
}

async function tryAllSecrets(): Promise<void> {
  for (const secret of [...history.secrets]) await world.token(0, history, secret);
}

test("a late commit takes effect where no fence is set, so the faults of these tests reach the fence [check 55]", async () => {
  const withoutFence: Mutant = {
    table: ({ table }) => ({
      createEntity: async (row, options) => (row.action === "abandoned" ? undefined : table.createEntity(row, options)),
    }),
  };
  world = new World(turns, withoutFence);
  history = (await world.create(0)) as ClientHistory;
  await world.regenerate(1, history, ["ok", "ok", "ok", "lands late", "fails before"]);
  await world.settle();
  await tryAllSecrets();
  expect(world.allViolations()).toEqual([expect.stringContaining("no order explains the answers")]);
});

describe("a regenerate with faults", () => {
  const success = { status: 200, works: ["new"] };
  const failed = { status: 503, detail: "The service cannot answer right now", works: ["old"] };
  const refused = { status: 503, detail: "Azure refused", works: ["old"] };
  const abandoned = { status: 503, detail: "Nothing was changed", works: ["old"] };
  const unknown = { status: 503, detail: "The outcome is unknown", works: ["old"] };
  const at = { readRow: 0, put: 1, readBack: 2, commit: 3, lock: 4 };

  test.for<[number, Outcome[], string, object]>([
    [at.readRow, ["fails before"], "the first read of the row fails", success],
    [at.readRow, ["fails before", "fails before"], "the row cannot be read", failed],
    [at.put, ["fails after"], "the reply to the new secret is lost", success],
    [at.put, ["fails after", "fails before"], "both replies to the new secret are missing", failed],
    [at.put, ["is refused"], "the new secret is refused", refused],
    [at.readBack, ["fails before", "fails before"], "the new secret cannot be read back", failed],
    [at.commit, ["fails before"], "the commit fails once", success],
    [at.commit, ["fails after"], "the commit's reply is lost, and its second try meets its own first", success],
    [at.commit, ["fails after", "fails after"], "both replies to the commit are lost", success],
    [at.commit, ["is refused"], "the commit is refused", refused],
    [at.commit, ["fails after", "is refused"], "the commit's reply is lost, and its second try is refused", success],
    [
      at.commit,
      ["lands late", "is refused"],
      "the commit is late, its second try is refused, and the fence comes before it",
      abandoned,
    ],
    [at.commit, ["fails before", "fails before"], "the commit fails", abandoned],
    [at.commit, ["lands late", "fails before"], "the commit is late, and the fence comes before it", abandoned],
    [at.commit, ["lands late", "lands late", "ok", "fails after"], "the fence meets its own first try", abandoned],
    [
      at.commit,
      ["fails before", "fails before", "ok", "fails before", "fails before"],
      "the commit fails, and then the fence",
      unknown,
    ],
    [
      at.commit,
      ["lands late", "fails before", "ok", "fails before", "fails before"],
      "the fence fails, and the commit lands after the answer",
      { ...unknown, works: [] },
    ],
    [
      at.commit,
      ["fails after", "ok", "fails before", "fails before"],
      "neither reply nor row is available",
      { ...unknown, works: [] },
    ],
    [at.lock, ["fails before", "fails before"], "the old secret cannot be disabled", success],
    [at.lock + 1, ["lands late", "lands late"], "the old secret is disabled late", success],
  ])(
    "a regenerate answers truthfully after a fault at call %d [%s]: %s [check 49]",
    async ([index, outcomes, , expected]) => {
      const drawn = [...Array.from({ length: index }, (): Outcome => "ok"), ...outcomes];
      const { status, detail, secret } = (await world.regenerate(1, history, drawn)) ?? {};
      await world.settle();
      const [old = ""] = history.secrets;
      const works: string[] = [];
      if ((await world.token(2, history, old)) === 200) works.push("old");
      if (secret !== undefined && (await world.token(2, history, secret)) === 200) works.push("new");
      expect({ status, detail, works }).toMatchObject({
        ...expected,
        ...("detail" in expected && { detail: expect.stringContaining(String(expected.detail)) }),
      });
      expect(world.allViolations()).toEqual([]);
    },
  );
});
