import fc from "fast-check";
import type { Mutant } from "./mutants.ts";
import type { ClientHistory } from "./register.ts";
import { OUTCOMES, type Outcome, type Turns, World } from "./world.ts";

const INSTANCES = 3;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A command begins an operation and does not wait for it, so that the scheduler orders the calls to the stores. */
type Command = fc.AsyncCommand<object, World>;

const oks = (count: number): Outcome[] => Array.from({ length: count }, () => "ok");
/** A call is tried twice: a fault befalls the first try, both tries, or several consecutive calls. */
const faults = fc.oneof(
  fc.constantFrom(...OUTCOMES).map((outcome) => [outcome]),
  fc.constantFrom(...OUTCOMES).map((outcome) => [outcome, outcome]),
  fc.array(fc.constantFrom(...OUTCOMES), { minLength: 2, maxLength: 4 }),
);
const commitFaults = fc.oneof(
  fc.constantFrom<Outcome>("fails after", "lands late").map((outcome) => [outcome]),
  fc.constantFrom<Outcome>("fails before", "fails after", "lands late").map((outcome) => [outcome, outcome]),
  fc.constantFrom<Outcome>("fails after", "lands late").map((outcome): Outcome[] => [outcome, "is refused"]),
  // Both writes are late, and after the read of the row comes the fence.
  fc
    .constantFrom<Outcome>("ok", "ok", "fails after", "lands late")
    .map((outcome): Outcome[] => ["lands late", "lands late", "ok", outcome, outcome]),
);
/** Outcomes of the calls of one operation: no fault, faults after some successes, or faults at the commit of a new secret. */
const outcomes = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Outcome[]>([]) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(6), faults).map(([good, bad]) => [...oks(good), ...bad]) },
  { weight: 1, arbitrary: commitFaults.map((bad) => [...oks(3), ...bad]) },
);
const instance = fc.nat(INSTANCES - 1);
const anyOne = fc.nat(99);

function command(name: string, run: (world: World) => Promise<unknown>): Command {
  return {
    check: () => true,
    run: async (_model, world) => world.begin(run(world)),
    toString: () => name,
  };
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

const OPERATIONS = {
  token: (world: World, at: number, history: ClientHistory, drawn: Outcome[], any: number) =>
    world.token(at, history, pick(history.secrets, any), drawn),
  /** The administrator then tries the secret that is valid by the answer: the new one, or the old one after a failure. */
  regenerate: async (world: World, at: number, history: ClientHistory, drawn: Outcome[], any: number) => {
    await world.regenerate(at, history, drawn);
    await world.token(any % INSTANCES, history, history.secrets.at(-1) ?? "");
  },
  disable: (world: World, at: number, history: ClientHistory, drawn: Outcome[]) => world.disable(at, history, drawn),
  sweep: (world: World, at: number, _: ClientHistory, drawn: Outcome[]) => world.sweep(at, drawn),
};
type Kind = keyof typeof OPERATIONS;

/** One operation on one client, or two concurrent ones. */
const onClient = (...kinds: Kind[]): fc.Arbitrary<Command> =>
  fc
    .tuple(anyOne, fc.tuple(...kinds.map((kind) => fc.tuple(fc.constant(kind), instance, outcomes, anyOne))))
    .map(([client, begun]) =>
      command(
        begun.map(([kind, at, drawn, any]) => `${kind} client ${client} (${any}) at ${at} [${drawn}]`).join(" and "),
        (world) => {
          const history = pick(world.histories, client);
          return Promise.all(begun.map(([kind, at, drawn, any]) => OPERATIONS[kind](world, at, history, drawn, any)));
        },
      ),
    );

const create = fc
  .tuple(instance, outcomes)
  .map(([at, drawn]) => command(`create at ${at} [${drawn}]`, (world) => world.create(at, drawn)));
const flush = instance.map((at) => command(`flush at ${at}`, (world) => world.flush(at)));
const clock = fc
  .constantFrom(20_000, 2 * MINUTE_MS, 11 * MINUTE_MS)
  .map((milliseconds) => command(`clock +${milliseconds} ms`, async (world) => world.clock.advance(milliseconds)));
/** A day passes after all operations have ended. */
const dayAfter = fc.constant<Command>({
  check: () => true,
  run: async (_model, world) => {
    await world.settle();
    world.clock.advance(DAY_MS);
  },
  toString: () => "a day later",
});

const commands = fc.commands(
  [
    onClient("token"),
    onClient("token", "regenerate"),
    onClient("regenerate"),
    onClient("regenerate", "regenerate"),
    onClient("regenerate", "disable"),
    onClient("regenerate", "disable"),
    create,
    onClient("regenerate", "sweep"),
    create,
    flush,
    clock,
    dayAfter,
  ],
  { maxCommands: 16, size: "max" },
);

/** Orders the steps of a world by the scheduler of fast-check. */
function turnsOf(scheduler: fc.Scheduler): Turns {
  const lap = () => new Promise((resolve) => setImmediate(resolve));
  return {
    turn: (label) => scheduler.schedule(Promise.resolve(), label),
    async until(work) {
      let done = false;
      const end = work.finally(() => {
        done = true;
      });
      while (!done) {
        if (scheduler.count() > 0) await scheduler.waitOne();
        else await lap();
      }
      await end;
    },
  };
}

/** Property: the protocol holds under any operations, in any order of their steps, with any outcome of each store call. */
export function protocolHolds(
  mutant: Mutant,
  begin: (world: World) => void,
): fc.IAsyncProperty<[fc.Scheduler, Iterable<Command>]> {
  return fc.asyncProperty(fc.scheduler(), commands, async (scheduler, begun) => {
    const turns = turnsOf(scheduler);
    const world = new World(turns, mutant, INSTANCES);
    begin(world);
    const first = async () => {
      for (const at of [0, 1, 2]) await world.create(at);
    };
    await turns.until(first());
    await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: world }), begun);
    await world.settle();
    await turns.until(rest(world));
    const violations = world.allViolations();
    if (violations.length > 0) throw new Error(violations.join("\n"));
  });
}

/** Property: after a concurrent regenerate and disable without faults, in any order of their steps, the client is disabled. */
export function disableWins(begin: (world: World) => void): fc.IAsyncProperty<[fc.Scheduler, [number, number]]> {
  return fc.asyncProperty(fc.scheduler(), fc.tuple(instance, instance), async (scheduler, [one, other]) => {
    const turns = turnsOf(scheduler);
    const world = new World(turns, {}, INSTANCES);
    begin(world);
    await turns.until(world.create(0));
    for (const history of world.histories) {
      world.begin(world.regenerate(one, history));
      world.begin(world.disable(other, history));
      await world.settle();
      await turns.until(tryAllSecrets(world, history));
    }
    const statuses = [...world.table.rows.values()].flatMap(({ rowKey, status }) =>
      rowKey === "client" ? [status] : [],
    );
    if (statuses.join() !== "disabled") throw new Error(`the client ends ${statuses}`);
    const violations = world.allViolations();
    if (violations.length > 0) throw new Error(violations.join("\n"));
  });
}

/** Lets a day pass without faults and checks that everything has healed. */
async function rest(world: World): Promise<void> {
  for (const history of world.histories) await tryAllSecrets(world, history);
  world.clock.advance(DAY_MS);
  const lines = await world.sweep(0);
  if (!lines.at(-1)?.includes('"complete":true')) world.violations.push(`the sweep did not end: ${lines}`);

  const named = new Set<unknown>();
  for (const row of world.table.rows.values()) if (row.status === "active") named.add(row.secretName);
  for (const [name, versions] of world.vault.secrets) {
    const isEnabled = versions.at(-1)?.properties.enabled;
    if (isEnabled !== named.has(name)) {
      world.violations.push(
        `vault secret ${name} is ${isEnabled ? "enabled, but no active row names it" : "disabled"}`,
      );
    }
  }
  for (const history of world.histories) {
    await world.regenerate(1, history);
    await tryAllSecrets(world, history);
    await world.disable(2, history);
    await tryAllSecrets(world, history);
  }
}

async function tryAllSecrets(world: World, history: ClientHistory): Promise<void> {
  for (const secret of [...history.secrets]) await world.token(0, history, secret);
}
