import fc from "fast-check";
import { expect, test } from "vitest";
import { disable } from "../../functions/disable.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { azureError } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import type { Operation } from "../fakes/hooks.ts";
import { askAdmin, askToken, tokenForm } from "./invoke.ts";

type Action = "regenerate" | "disable" | "token";
/** The fault of a write: none, a refusal, or a lost reply after the write. */
type Fault = "none" | "refused" | "reply lost";

/** An answer in a race. */
interface Told {
  action: Action;
  status: number | undefined;
  /** The new secret of a regenerate. */
  secret: string | undefined;
  /** Whether a disable was answered with 200 before this request began. */
  afterDisable: boolean;
}

const ROUNDS = { numRuns: 60 };
/** Time limit of a test: many rounds on a machine that may be busy. */
const TEST_TIMEOUT_MS = 180_000;
const some = (...actions: Action[]) => fc.array(fc.constantFrom(...actions), { minLength: 1, maxLength: 4 });
const noFaults = fc.infiniteStream(fc.constant<Fault>("none"));
const anyFaults = fc.infiniteStream(fc.constantFrom<Fault>("none", "none", "refused", "reply lost"));

test(
  "concurrent regenerates in any order of their steps leave one valid secret, that of a 200 [check 45] [check 47]",
  async () => {
    const property = fc.asyncProperty(fc.scheduler(), some("regenerate", "token"), noFaults, async (...input) => {
      const { told, original, worksOnAll, worksOnAny } = await race(...input);
      const secrets = told.flatMap(({ status, secret }) => (status === 200 && secret) || []);
      expect(told.filter(({ status, action }) => !allowed[action].includes(status))).toEqual([]);
      expect(await worksOnAny(original)).toBe(secrets.length === 0);
      const working = await filter([original, ...secrets], worksOnAll);
      expect(working).toHaveLength(1);
      expect(await filter(secrets, worksOnAny)).toEqual(secrets.length === 0 ? [] : working);
    });
    await fc.assert(property, ROUNDS);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a disable wins in any order of concurrent steps and is final after its answer [check 46] [check 48]",
  async () => {
    const others = some("regenerate", "token", "disable").map((actions): Action[] => ["disable", ...actions]);
    const property = fc.asyncProperty(fc.scheduler(), others, noFaults, async (...input) => {
      const { told, original, worksOnAny, row } = await race(...input);
      expect(told.filter(({ status, action }) => !allowed[action].includes(status))).toEqual([]);
      const late = told.filter(({ action, afterDisable }) => afterDisable && action !== "disable");
      expect(late.filter(({ status }) => status === 200)).toEqual([]);
      expect(row()).toMatchObject({ status: "disabled" });
      expect(await filter([original, ...told.flatMap(({ secret }) => secret ?? [])], worksOnAny)).toEqual([]);
    });
    await fc.assert(property, ROUNDS);
  },
  TEST_TIMEOUT_MS,
);

test(
  "answers are true under lost replies, and an unknown outcome is answered with 503 [check 49] [check 50]",
  async () => {
    const actions = some("regenerate", "regenerate", "token", "disable");
    const property = fc.asyncProperty(fc.scheduler(), actions, anyFaults, async (...input) => {
      const { told, original, worksOnAny, row } = await race(...input);
      const says = (wanted: Action, code: number) =>
        told.some(({ action, status }) => action === wanted && status === code);
      const working = await filter([original, ...told.flatMap(({ secret }) => secret ?? [])], worksOnAny);
      expect(told.filter(({ status, action }) => ![...allowed[action], 503].includes(status))).toEqual([]);
      expect(working.length).toBeLessThanOrEqual(1);
      if (says("disable", 200)) expect(row()).toMatchObject({ status: "disabled" });
      if (row()?.status === "disabled") expect(working).toEqual([]);
      else if (!says("regenerate", 503)) expect(working).toHaveLength(1);
      if (says("regenerate", 200)) expect(working).not.toContain(original);
    });
    await fc.assert(property, ROUNDS);
  },
  TEST_TIMEOUT_MS,
);

const allowed: Record<Action, (number | undefined)[]> = { regenerate: [200, 409], disable: [200], token: [200, 401] };

/** Runs all actions concurrently on one client, alternately on two instances, with their steps in the order of the scheduler. */
async function race(scheduler: fc.Scheduler, actions: readonly Action[], faults: Iterator<Fault>) {
  const one = await createInstance();
  const instances = [one, await createInstance(one)];
  const { clientId, clientSecret } = await one.addClient();
  const { table, secretVault } = one.azure;

  const worksOn = async (instance: FakeServices, secret: string) =>
    (await askToken(token, instance, { form: tokenForm(clientId, secret) })).status === 200;
  // Warm caches are the case in which a mistake would have an effect.
  for (const instance of instances) await worksOn(instance, clientSecret);

  const strike = ({ name }: Operation, now: Fault) => {
    const isWrite = name === "submitTransaction" || name === "setSecret";
    if (isWrite && faults.next().value === now) throw azureError(500, { "retry-after-ms": "0" });
  };
  for (const fake of [table, secretVault]) {
    fake.before = async (operation) => {
      await scheduler.schedule(Promise.resolve(), operation.name);
      strike(operation, "refused");
    };
    fake.after = (operation) => strike(operation, "reply lost");
  }

  let isDisabled = false;
  const act = async (action: Action, services: FakeServices): Promise<Told> => {
    await scheduler.schedule(Promise.resolve(), action);
    const afterDisable = isDisabled;
    if (action === "token") {
      const { status } = await askToken(token, services, { form: tokenForm(clientId, clientSecret) });
      return { action, status, afterDisable, secret: undefined };
    }
    const endpoint = { regenerate, disable }[action];
    const { status, body } = await askAdmin(endpoint, services, { method: "POST", clientId });
    isDisabled ||= action === "disable" && status === 200;
    return { action, status, afterDisable, secret: (body as { client_secret?: string }).client_secret };
  };
  const told = await scheduler.waitFor(
    Promise.all(actions.map((action, index) => act(action, instances[index % 2] ?? one))),
  );

  for (const fake of [table, secretVault]) Object.assign(fake, { before: () => undefined, after: () => undefined });
  const works = (secret: string) => Promise.all(instances.map((instance) => worksOn(instance, secret)));
  return {
    told,
    original: clientSecret,
    row: () => table.rows.get(`${clientId}/client`),
    worksOnAll: async (secret: string) => (await works(secret)).every(Boolean),
    worksOnAny: async (secret: string) => (await works(secret)).some(Boolean),
  };
}

/** Makes an instance that accepts every administrator: the verification of admin tokens has its own tests. */
async function createInstance(shared?: FakeServices): Promise<FakeServices> {
  const services = await createFakeServices(shared?.azure);
  return { ...services, admins: { authenticate: async () => ({ id: "admin" }) } };
}

async function filter(secrets: readonly string[], works: (secret: string) => Promise<boolean>): Promise<string[]> {
  const results = await Promise.all(secrets.map(works));
  return secrets.filter((_, index) => results[index]);
}
