import type { Build, ColdStart } from "./cold-start.ts";
import type { Figure } from "./statistics.ts";
import { CONCURRENCIES, CONTESTANTS, type TokenBench } from "./tokens.ts";

/** All that a run of the bench found; what was not asked for is not there. */
export interface Report extends Partial<TokenBench> {
  date: string;
  node: string;
  cores: number;
  processor: string;
  coldStart?: Record<Build, ColdStart>;
}

/** Prints a report for people: ratios first. */
export function printReport(report: Report): void {
  const { date, node, cores, processor, ratios, figures, memory, coldStart } = report;
  console.log(`${date}, Node ${node}, ${cores} × ${processor}\n`);
  if (ratios && figures && memory) {
    console.log("Ratios at 16 in parallel, medians of the rounds");
    for (const [name, ratio] of Object.entries(ratios)) console.log(`  ${name.padEnd(36)}${ratio.toFixed(2)}`);
    for (const concurrency of CONCURRENCIES) printTokens(concurrency, figures, memory);
  }
  if (coldStart) {
    console.log("\nCold start in the local Functions host, ms: median (min–max)");
    console.log(`${" ".repeat(25)}loaded, first token at once; after 2 s: first token, second`);
    for (const [name, { kilobytes, load, firstToken, firstRequest, secondRequest }] of Object.entries(coldStart)) {
      const cells = [load, firstToken, firstRequest, secondRequest].map((figure) => range(figure).padStart(18));
      console.log(`  ${name.padEnd(12)}${`${kilobytes} KB`.padStart(9)}${cells.join(" ")}`);
    }
  }
}

function printTokens(
  concurrency: number,
  figures: NonNullable<TokenBench["figures"]>,
  memory: Record<string, number>,
): void {
  console.log(
    `\n${concurrency} in parallel${" ".repeat(43)}tokens/s   p50 ms   p99 ms   CPU µs/token (min–max)     MB`,
  );
  for (const [name, title] of Object.entries(CONTESTANTS)) {
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

function range({ median, min, max }: Figure): string {
  return `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
}
