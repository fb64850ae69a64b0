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
/** What befalls a write: nothing, a refusal, or that it is done and its reply is lost. */
type Fault = "none" | "refused" | "reply lost";

/** What somebody was told. */
interface Told {
  action: Action;
  status: number | undefined;
  /** The new secret, where there is one. */
  secret: string | undefined;
  /** Whether somebody else had been told that the client is disabled before this began. */
  afterDisable: boolean;
}

const ROUNDS = { numRuns: 60 };
/** Many rounds on a busy machine. */
const PATIENCE_MS = 180_000;
const some = (...actions: Action[]) => fc.array(fc.constantFrom(...actions), { minLength: 1, maxLength: 4 });
const noFaults = fc.infiniteStream(fc.constant<Fault>("none"));
const anyFaults = fc.infiniteStream(fc.constantFrom<Fault>("none", "none", "refused", "reply lost"));

test(
  "of regenerates in any order of their steps, what is told is true: one secret is valid, the newest [check 45] [check 47]",
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
  PATIENCE_MS,
);

test(
  "a disable in any order of the steps of others wins, and is final from the moment it is told [check 46] [check 48]",
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
  PATIENCE_MS,
);

test(
  "whichever replies are lost, what is told is true, and what nobody knows is told as that [check 49] [check 50]",
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
  PATIENCE_MS,
);

const allowed: Record<Action, (number | undefined)[]> = { regenerate: [200, 409], disable: [200], token: [200, 401] };

/** Lets all actions befall one client at once, on two instances by turns, every step of them in the order of the scheduler. */
async function race(scheduler: fc.Scheduler, actions: readonly Action[], faults: Iterator<Fault>) {
  const one = await createInstance();
  const instances = [one, await createInstance(one)];
  const { clientId, clientSecret } = await one.addClient();
  const { table, secretVault } = one.azure;

  const worksOn = async (instance: FakeServices, secret: string) =>
    (await askToken(token, instance, { form: tokenForm(clientId, secret) })).status === 200;
  // Caches are warm, as they are where a mistake would count.
  for (const instance of instances) await worksOn(instance, clientSecret);

  const strike = ({ name }: Operation, now: Fault) => {
    const isWrite = name === "updateEntity" || name === "setSecret";
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

/** An instance that lets everybody administrate: verifying admin tokens takes its own time, and has its own tests. */
async function createInstance(shared?: FakeServices): Promise<FakeServices> {
  const services = await createFakeServices(shared?.azure);
  return { ...services, admins: { authenticate: async () => ({ id: "admin" }) } };
}

async function filter(secrets: readonly string[], works: (secret: string) => Promise<boolean>): Promise<string[]> {
  const results = await Promise.all(secrets.map(works));
  return secrets.filter((_, index) => results[index]);
}
