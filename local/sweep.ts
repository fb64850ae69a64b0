import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { dataDir, findRunningStack } from "./running-stack.ts";

// `npm run sweep`: has the running service do now what its timer does once an hour, and shows what came of it.

const TIMEOUT_MS = 300_000;
const POLL_MS = 200;

const sweepLine = z.object({ event: z.literal("sweep"), outcome: z.string().optional() });

const dir = dataDir();
const log = join(dir, "service.log");
const stack = await findRunningStack(dir);
if (stack?.hostKey) {
  const { size } = await stat(log);
  const { status } = await fetch(`${stack.hostUrl}/admin/functions/sweep`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-functions-key": stack.hostKey },
    body: "{}",
  });
  if (status !== 202) throw new Error(`The service answered with ${status}.`);
  await showRun(size);
} else {
  console.error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  process.exitCode = 1;
}

/** Waits for the run's last line in what the log has from here on, and shows all of its lines. */
async function showRun(from: number): Promise<void> {
  for (const endsAt = performance.now() + TIMEOUT_MS; performance.now() < endsAt; await sleep(POLL_MS)) {
    const lines = (await text(createReadStream(log, { start: from }))).split("\n");
    const ofSweep = lines.filter((line) => sweepLine.safeParse(jsonOf(line)).success);
    const last = sweepLine.safeParse(jsonOf(ofSweep.at(-1))).data;
    if (!last?.outcome) continue;
    console.log(ofSweep.join("\n"));
    process.exitCode = last.outcome === "success" ? 0 : 1;
    return;
  }
  throw new Error("The sweep did not end in time.");
}

function jsonOf(line = ""): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
