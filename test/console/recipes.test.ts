import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { recipesFor } from "../../console/secret/recipes.ts";
import { needs } from "../debian.ts";
import { startScriptedTokenEndpoint } from "../support/scripted-token-endpoint.ts";
import { startTestService } from "../support/test-service.ts";

const { url, createClient } = await startTestService();
const { clientId, clientSecret } = await createClient();
const tokenEndpoint = `${url}/oauth/token`;
const recipes = recipesFor({ clientId, clientSecret, tokenEndpoint, apiUrl: "https://api.socmate.example" });

function firstStep(platform: string, from = recipes) {
  const step = from.find((other) => other.platform === platform)?.steps[0];
  if (!step) throw new Error(`There is no recipe for ${platform}.`);
  return { fields: step.fields ?? [], code: step.code?.text ?? "" };
}

test("every platform that the page knows gets the real values", () => {
  expect(recipes.map(({ platform }) => platform)).toEqual([
    "curl",
    "Python",
    "XSOAR",
    "Splunk SOAR",
    "Sentinel",
    "n8n",
  ]);
  for (const { platform } of recipes) {
    const { fields, code } = firstStep(platform);
    const text = code + fields.map(([, value]) => value).join("\n");
    for (const value of [clientId, clientSecret, tokenEndpoint]) expect(text, platform).toContain(value);
  }
});

/** Runs the code for a platform against another token endpoint, and returns what a person sees in the terminal. */
async function runAt(url: string, platform: "curl" | "Python"): Promise<string> {
  const connection = { clientId, clientSecret, tokenEndpoint: url, apiUrl: "https://api.socmate.example" };
  const { code } = firstStep(platform, recipesFor(connection));
  const [command, option] = platform === "curl" ? ["/bin/sh", "-c"] : ["/usr/bin/python3", "-c"];
  return promisify(execFile)(command, [option, code]).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
}

describe.each([
  ["curl", "curl"],
  ["Python", "python3-httpx"],
] as const)("the code for %s", (platform, debianPackage) => {
  test("waits as long as Retry-After says, and then prints a token", needs(debianPackage), async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("busy", "token");
    expect(await runAt(url, platform)).toContain("a-token");
    expect(pausesMs).toEqual([expect.toSatisfy((pause: number) => pause >= 990)]);
  });

  test("prints error_description when it is refused, and does not try again", needs(debianPackage), async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("refused");
    expect(await runAt(url, platform)).toContain("client_secret is not complete.");
    expect(pausesMs).toEqual([]);
  });

  test("prints error_description when the service stays busy", needs(debianPackage), async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("busy");
    expect(await runAt(url, platform)).toContain("The service cannot answer right now.");
    expect(pausesMs.length).toBeGreaterThan(1);
  });
});

describe("pasted as it is", () => {
  test("the curl command gets a token", needs("curl"), async () => {
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `${firstStep("curl").code} --silent`]);
    expect(decodeJwt(JSON.parse(stdout).access_token)).toMatchObject({ sub: clientId });
  });

  test("the Python program gets a token", needs("python3-httpx"), async () => {
    const { stdout } = await promisify(execFile)("/usr/bin/python3", ["-c", firstStep("Python").code]);
    expect(decodeJwt(stdout.trim())).toMatchObject({ sub: clientId });
  });

  test("the settings for Sentinel are JSON with what its OAuth2 authentication asks for", () => {
    expect(JSON.parse(`{${firstStep("Sentinel").code}}`)).toEqual({
      auth: {
        type: "OAuth2",
        GrantType: "client_credentials",
        TokenEndpoint: tokenEndpoint,
        TokenEndpointHeaders: { "Content-Type": "application/x-www-form-urlencoded" },
        ClientId: clientId,
        ClientSecret: clientSecret,
      },
    });
  });

  test("the fields for Splunk SOAR have the names of its HTTP app", () => {
    expect(Object.fromEntries(firstStep("Splunk SOAR").fields)).toEqual({
      base_url: "https://api.socmate.example",
      oauth_token_url: tokenEndpoint,
      client_id: clientId,
      client_secret: clientSecret,
    });
  });
});
