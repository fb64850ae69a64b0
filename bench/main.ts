import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchColdStart } from "./cold-start.ts";
import { benchLatency } from "./latency.ts";
import { benchLists } from "./lists.ts";
import { startEmulators } from "./processes.ts";
import { printReport, type Report } from "./report.ts";
import { benchTokenFlood, benchVaults } from "./scale.ts";
import { benchTokens } from "./tokens.ts";

// `npm run bench -- --help` prints the options.
const SECTIONS = ["tokens", "latency", "cold-start", "vaults", "lists"] as const;
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [...SECTIONS] },
    rounds: { type: "string", default: "6" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(`npm run bench -- [--json] [--rounds N] [--only ${SECTIONS.join("|")}]…`);
  process.exit();
}

const ROUND_MS = 1_500;
const rounds = Number(options.rounds);
const wants = (section: (typeof SECTIONS)[number]) => options.only.includes(section);

const report: Report = {
  date: new Date().toISOString(),
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "",
};
if (wants("tokens") || wants("cold-start")) {
  const emulators = await startEmulators();
  try {
    if (wants("tokens")) Object.assign(report, await benchTokens(emulators, rounds, ROUND_MS));
    if (wants("cold-start")) report.coldStart = await benchColdStart(emulators, rounds);
  } finally {
    await emulators.stop();
  }
}
if (wants("latency")) report.latency = await benchLatency(rounds);
if (wants("vaults")) {
  report.vaults = await benchVaults();
  report.mintStorm = await benchTokenFlood();
}
if (wants("lists")) report.lists = await benchLists();
if (options.json) console.log(JSON.stringify(report));
else printReport(report);
