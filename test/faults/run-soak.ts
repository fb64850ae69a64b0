import { parseArgs } from "node:util";
import { type SoakReport, soak } from "./soak.ts";

// The command `npm run soak`.

const USAGE = `npm run soak -- [--seconds N] [--seed N] [--json]

Runs two instances of the service on the emulators of Azure, injects random faults, kills an instance now and then, and
requests tokens and changes clients without pause. Every answer is checked. The exit code is 1 after a violation.

  --seconds N   duration (120)
  --seed N      repeats the faults and requests of a run; their timing depends on the machine
  --json        prints one line of JSON: requests, faults, violations and more
`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const seconds = wholeNumber("seconds", values.seconds);
  const seed = wholeNumber("seed", values.seed);
  if (!values.json) console.log(`Soaking for ${seconds} s with --seed ${seed} …`);
  const report = await soak({ seconds, seed });
  console.log(values.json ? toJson(report) : toText(report));
  process.exitCode = report.violations.length === 0 ? 0 : 1;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`--${name} must be a whole number.\n\n${USAGE}`);
  process.exit(2);
}

function toJson(report: SoakReport): string {
  const { requests, faults, violations, ...rest } = report;
  const first = violations.slice(0, 5);
  return JSON.stringify({
    requests,
    faults: sum(faults),
    violations: violations.length,
    ...rest,
    faultsByKind: faults,
    first,
  });
}

function toText({ requests, faults, answers, violations, memoryMb, seed, seconds }: SoakReport): string {
  const table = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `  ${name.padEnd(20)} ${String(count).padStart(8)}`);
  return [
    `requests   ${requests} in ${seconds} s (seed ${seed})`,
    `faults     ${sum(faults)}`,
    ...table(faults),
    "answers",
    ...table(answers),
    `memory     ${memoryMb.start} MB after the first seconds, ${memoryMb.end} MB at the end`,
    `violations ${violations.length}`,
    ...violations.slice(0, 20),
  ].join("\n");
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
