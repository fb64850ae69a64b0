import fc from "fast-check";
import type { Mutant } from "./mutants.ts";
import type { ClientHistory } from "./register.ts";
import { FATES, type Fate, type Turns, World } from "./world.ts";

const INSTANCES = 3;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A command begins something and does not wait for it: what the scheduler makes of the calls to the stores is the test. */
type Command = fc.AsyncCommand<object, World>;

const oks = (count: number): Fate[] => Array.from({ length: count }, () => "ok");
/** A call is tried twice: a fault can befall the first try, both, or more calls in a row. */
const faults = fc.oneof(
  fc.constantFrom(...FATES).map((fate) => [fate]),
  fc.constantFrom(...FATES).map((fate) => [fate, fate]),
  fc.array(fc.constantFrom(...FATES), { minLength: 2, maxLength: 4 }),
);
const commitFaults = fc.oneof(
  fc.constantFrom<Fate>("fails after", "lands late").map((fate) => [fate]),
  fc.constantFrom<Fate>("fails before", "fails after", "lands late").map((fate) => [fate, fate]),
);
/** What becomes of the calls of one operation: often all go well, else some do until there are faults, most often at the commit of a new secret. */
const fates = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fate[]>([]) },
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
  token: (world: World, at: number, history: ClientHistory, drawn: Fate[], any: number) =>
    world.token(at, history, pick(history.secrets, any), drawn),
  /** Whoever regenerates tries the secret that counts in his eyes: the new one, or the old one if he was told that it failed. */
  regenerate: async (world: World, at: number, history: ClientHistory, drawn: Fate[], any: number) => {
    await world.regenerate(at, history, drawn);
    await world.token(any % INSTANCES, history, history.secrets.at(-1) ?? "");
  },
  disable: (world: World, at: number, history: ClientHistory, drawn: Fate[]) => world.disable(at, history, drawn),
  sweep: (world: World, at: number, _: ClientHistory, drawn: Fate[]) => world.sweep(at, drawn),
};
type Kind = keyof typeof OPERATIONS;

/** One operation on one client, or two at once. */
const onClient = (...kinds: Kind[]): fc.Arbitrary<Command> =>
  fc
    .tuple(anyOne, fc.tuple(...kinds.map((kind) => fc.tuple(fc.constant(kind), instance, fates, anyOne))))
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
  .tuple(instance, fates)
  .map(([at, drawn]) => command(`create at ${at} [${drawn}]`, (world) => world.create(at, drawn)));
const flush = instance.map((at) => command(`flush at ${at}`, (world) => world.flush(at)));
const clock = fc
  .constantFrom(20_000, 2 * MINUTE_MS, 11 * MINUTE_MS)
  .map((milliseconds) => command(`clock +${milliseconds} ms`, async (world) => world.clock.advance(milliseconds)));
/** Nothing that was begun a day ago is still under way. */
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

/** Gives a test everything that the scheduler of fast-check decides. */
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

/** What must hold, whatever is begun in whatever order, and whatever becomes of each call to a store. */
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

/** A regenerate and a disable at once, without faults: whatever the order of their steps, the client ends disabled. */
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

/** Lets a day pass without faults, and looks whether everything has healed. */
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
      world.violations.push(`vault secret ${name} is ${isEnabled ? "enabled, but no active row names it" : "locked"}`);
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
