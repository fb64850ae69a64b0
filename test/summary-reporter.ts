import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/**
 * Says after the output why tests were skipped, a line each reason, and ends with `N passed, N failed, N skipped`.
 * With `CI=true` a skipped test fails the run, unless its reason is optional: a language that nothing else of the project needs. A file that does not load and an error outside a test count as failed.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: "passed" | "failed") => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const faults = modules.flatMap((module) => module.errors()).length + unhandledErrors.length;
    const isForbidden = (test: TestCase) => process.env.CI === "true" && !test.meta().isOptional;

    const lines = skipped.flatMap((test) => {
      const { skipReason } = test.meta();
      return skipReason ? `skipped${isForbidden(test) ? " (a failure in CI)" : ""}: ${skipReason}` : [];
    });
    for (const line of new Set(lines)) console.log(line);
    if (skipped.some(isForbidden)) process.exitCode = 1;
    console.log(`${count("passed")} passed, ${count("failed") + faults} failed, ${skipped.length} skipped`);
  }
}
