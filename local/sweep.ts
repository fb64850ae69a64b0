import { z } from "zod";
import { dataDir, findRunningStack, type RunningStack } from "./running-stack.ts";

// `npm run sweep`: runs the timer function `sweep` of the running service, prints its log lines, and exits with 0 after a success.

const sweepEvent = z.object({ event: z.literal("sweep"), outcome: z.literal("success") });

const dir = dataDir();
const stack = await findRunningStack(dir);
if (stack?.hostKey) {
  const lines = await runSweep(stack, stack.hostKey);
  console.log(lines.join("\n"));
  process.exitCode = lines.some(isSuccess) ? 0 : 1;
} else {
  console.error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  process.exitCode = 1;
}

/** Runs the sweep. Returns its log lines, which the local host sends when the run has ended. */
async function runSweep({ hostUrl }: RunningStack, hostKey: string): Promise<string[]> {
  const response = await fetch(`${hostUrl}/admin/functions/sweep`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-functions-key": hostKey },
    body: "{}",
  });
  if (response.status !== 202) throw new Error(`The Functions host answered with ${response.status}.`);
  return (await response.text()).split("\n");
}

function isSuccess(line: string): boolean {
  try {
    return sweepEvent.safeParse(JSON.parse(line)).success;
  } catch {
    return false;
  }
}
