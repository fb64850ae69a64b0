import { runRotationDrill } from "./rotation-drill.ts";

// `npm run drill`: rotates keys under load and counts the tokens that do not verify, for about a minute. `npm run drill -- 20` makes 20
// rotations.

const LEAD_SECONDS = 15;
const DEFAULT_ROTATIONS = 4;

const rotations = Number(process.argv[2] ?? DEFAULT_ROTATIONS);
if (!Number.isInteger(rotations) || rotations < 1) {
  console.error("Say how many rotations: a whole number from 1.");
  process.exit(1);
}
const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1_000).toFixed(0).padStart(4)} s`;
const onProgress = (text: string) => console.log(`${seconds()}  ${text}`);
const report = await runRotationDrill({ leadSeconds: LEAD_SECONDS, rotations, onProgress });

console.log(
  `${report.tokens} tokens of ${report.kids.length} keys, verified ${report.verifications} times: ${report.failures.length} failures, ${report.refusals} requests refused.`,
);
for (const [failure, times] of Object.entries(Object.groupBy(report.failures, (failure) => failure))) {
  console.log(`  ${failure}: ${times?.length}`);
}
process.exitCode = report.failures.length + report.refusals > 0 ? 1 : 0;
