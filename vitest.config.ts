import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/summary-reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/build-bundle.ts",
    reporters: ["default", new SummaryReporter()],
    // A process for each file: what one test does to its environment stays there.
    pool: "forks",
    // More than there are cores, since many files wait: for deadlines, for keys to take over, for a page.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // How soon something comes true is the machine's affair.
    expect: { poll: { timeout: 30_000 } },
    // The library says so of itself whenever an endpoint is imported without a host.
    onConsoleLog: (line) => !/"@azure\/functions" package/.test(line),
  },
});
