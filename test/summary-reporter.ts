import type { Reporter, SerializedError, TestModule } from "vitest/node";

/**
 * Says after the output why tests were skipped, a line each reason, and ends with `N passed, N failed, N skipped`.
 * With `CI=true` a skipped test fails the run. A file that does not load and an error outside a test count as failed.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: "passed" | "failed") => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const faults = modules.flatMap((module) => module.errors()).length + unhandledErrors.length;
    const forbidden = process.env.CI === "true" && skipped.length > 0;

    for (const reason of new Set(skipped.flatMap((test) => test.meta().skipReason ?? []))) {
      console.log(`skipped${forbidden ? " (a failure in CI)" : ""}: ${reason}`);
    }
    if (forbidden) process.exitCode = 1;
    console.log(`${count("passed")} passed, ${count("failed") + faults} failed, ${skipped.length} skipped`);
  }
}
