import { InvocationContext, type Timer } from "@azure/functions";
import { expect, test } from "vitest";
import { sweep } from "../../functions/sweep.ts";
import { timerJob } from "../../shared/timer-job.ts";
import { azureError } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";

async function run(services: FakeServices): Promise<unknown[]> {
  const lines: unknown[] = [];
  const logHandler = (_level: string, line: unknown) => void lines.push(JSON.parse(String(line)));
  const context = new InvocationContext({ invocationId: "run-1", functionName: "sweep", logHandler });
  await timerJob(sweep, 60_000, () => services)({} as Timer, context);
  return lines;
}

test("a run of the sweep writes one log line, and one more for each alarm [check 60]", async () => {
  const services = await createFakeServices();
  const { clientId } = await services.addClient();
  const line = { time: expect.any(String), request_id: "run-1", event: "sweep" };
  const success = { ...line, level: "info", outcome: "success", secrets: 1, disabled: 0, broken: 0, complete: true };
  expect(await run(services)).toEqual([success]);

  const [versions] = services.azure.secretVault.secrets.values();
  if (versions?.[0]) versions[0].properties.enabled = false;
  const reason = `the vault secret of the active client ${clientId} is disabled`;
  expect(await run(services)).toEqual([
    { ...line, level: "error", alarm: "secret_disabled", reason },
    { ...success, broken: 1 },
  ]);
});

test("a failed run of the sweep is logged as failed, and the next run does its work", async () => {
  const services = await createFakeServices();
  services.azure.table.before = failing("listEntities", () => azureError(503));
  expect(await run(services)).toMatchObject([{ level: "error", outcome: "failed", note: "table list: 503" }]);
  services.azure.table.before = () => undefined;
  expect(await run(services)).toMatchObject([{ outcome: "success" }]);
});
