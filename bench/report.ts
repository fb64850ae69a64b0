import type { Build, ColdStart } from "./cold-start.ts";
import { DISTANCES, type Latency } from "./latency.ts";
import type { ListFigures } from "./lists.ts";
import type { TokenFlood, VaultScale } from "./scale.ts";
import type { Figure } from "./statistics.ts";
import { COMPETITORS, CONCURRENCIES, type Competitor, type TokenBench } from "./tokens.ts";

/** The figures of one run. Sections that were not requested are missing. The keys are those of `--json`. */
export interface Report extends Partial<TokenBench> {
  date: string;
  node: string;
  cores: number;
  processor: string;
  /** By competitor. */
  latency?: Record<string, Latency>;
  coldStart?: Record<Build, ColdStart>;
  vaults?: VaultScale[];
  mintStorm?: TokenFlood;
  lists?: ListFigures[];
}

/** Prints a report for people: ratios first. */
export function printReport(report: Report): void {
  const { date, node, cores, processor, ratios, figures, memory, latency, coldStart, vaults, mintStorm, lists } =
    report;
  console.log(`${date}, Node ${node}, ${cores} × ${processor}`);
  if (ratios && figures && memory) {
    console.log("\nRatios at 16 in parallel, medians of the rounds");
    for (const [name, ratio] of Object.entries(ratios)) console.log(`  ${name.padEnd(36)}${ratio.toFixed(2)}`);
    for (const concurrency of CONCURRENCIES) printTokens(concurrency, figures, memory);
  }
  if (latency) printLatency(latency);
  if (coldStart) printColdStart(coldStart);
  if (vaults) printVaults(vaults);
  if (mintStorm) {
    const { tokens, signatures, others, tokensPerSecond } = mintStorm;
    console.log(
      `\nToken request flood of one client, 64 in parallel: ${tokens} tokens (${tokensPerSecond.toFixed(0)}/s) of ` +
        `${signatures} signatures; other answers: ${JSON.stringify(others)}`,
    );
  }
  if (lists) printLists(lists);
}

function printLatency(latency: NonNullable<Report["latency"]>): void {
  const { tableMs, vaultMs } = DISTANCES;
  console.log(`\nOne after another, the table ${tableMs} ms away and the vault ${vaultMs} ms: median (min–max)`);
  console.log(`${" ".repeat(56)}${heads(19, "p50 ms", "p99 ms")}`);
  for (const [name, { p50, p99 }] of Object.entries(latency)) {
    const title = COMPETITORS[name as Competitor];
    console.log(`  ${title.padEnd(54)}${[p50, p99].map((figure) => range(figure, 1).padStart(19)).join("")}`);
  }
}

function printColdStart(coldStart: NonNullable<Report["coldStart"]>): void {
  console.log("\nCold start in the local Functions host, ms: median (min–max)");
  console.log(`${" ".repeat(23)}${heads(19, "loaded", "first token", "first after 2 s", "second after 2 s")}`);
  for (const [name, { kilobytes, load, firstToken, firstRequest, secondRequest }] of Object.entries(coldStart)) {
    const cells = [load, firstToken, firstRequest, secondRequest].map((figure) => range(figure).padStart(19));
    console.log(`  ${name.padEnd(12)}${`${kilobytes} KB`.padStart(9)}${cells.join("")}`);
  }
}

function printVaults(vaults: readonly VaultScale[]): void {
  console.log("\nSigning vaults at a tenth of Azure's limit");
  console.log(heads(10, "vaults", "limit/s", "offered/s", "tokens/s", "p50 ms", "p99 ms", "other answers"));
  for (const { vaults: count, limit, offered, tokensPerSecond, p50, p99, others } of vaults) {
    const cells = [count, limit, offered, tokensPerSecond, p50, p99].map((value) => value.toFixed(0).padStart(10));
    console.log(`${cells.join("")}   ${JSON.stringify(others)}`);
  }
}

function printLists(lists: readonly ListFigures[]): void {
  console.log("\nList and search, ms: median (min–max)");
  console.log(heads(19, "clients", "list", "search", "CPU ms each", "MB"));
  for (const { clients, list, search, cpu, memory } of lists) {
    const cells = [String(clients), range(list), range(search), cpu.toFixed(1), String(memory)];
    console.log(cells.map((cell) => cell.padStart(19)).join(""));
  }
}

function heads(width: number, ...names: string[]): string {
  return names.map((name) => name.padStart(width)).join("");
}

function printTokens(
  concurrency: number,
  figures: NonNullable<TokenBench["figures"]>,
  memory: Record<string, number>,
): void {
  console.log(
    `\n${concurrency} in parallel${" ".repeat(43)}tokens/s   p50 ms   p99 ms   CPU µs/token (min–max)     MB`,
  );
  for (const [name, title] of Object.entries(COMPETITORS)) {
    const figure = figures[name]?.[concurrency];
    if (!figure) continue;
    const { tokensPerSecond, p50, p99, cpuPerToken } = figure;
    const cells = [
      tokensPerSecond.median.toFixed(0).padStart(8),
      p50.median.toFixed(1).padStart(8),
      p99.median.toFixed(1).padStart(8),
      range(cpuPerToken).padStart(24),
      String(memory[name]).padStart(6),
    ];
    console.log(`  ${title.padEnd(54)}${cells.join(" ")}`);
  }
}

function range({ median, min, max }: Figure, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
