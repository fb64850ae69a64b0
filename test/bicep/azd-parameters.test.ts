import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { findBicep, TEMPLATES } from "../../bicep/cli.ts";
import { hasBicep, templateOf } from "./deployments.ts";

/** What an azd environment always has: azd or the hook preprovision puts it there. */
const ENVIRONMENT = {
  AZURE_ENV_NAME: "dev",
  AZURE_LOCATION: "westeurope",
  OPERATORS_EMAIL: "operators@yourcompany.com",
  ADMIN_APPLICATION_ID: "44444444-4444-4444-4444-444444444444",
  CONSOLE_APPLICATION_ID: "55555555-5555-5555-5555-555555555555",
};

/** The installation of production.bicepparam, as azd is told to make it. */
const PRODUCTION = {
  AZURE_ENV_NAME: "production",
  TAGS: '{"owner":"security-platform"}',
  OPERATORS_EMAIL: "security-platform@yourcompany.com",
  ADMIN_APPLICATION_ID: "00000000-0000-0000-0000-000000000000",
  CONSOLE_APPLICATION_ID: "00000000-0000-0000-0000-000000000001",
  AUTH_HOST: "auth.socmate.yourcompany.com",
  API_HOST: "api.socmate.yourcompany.com",
  FRONT_DOOR: "Premium_AzureFrontDoor",
  ZONE_REDUNDANT: "true",
  SIGNING_VAULT_LOCATIONS: "westeurope,northeurope",
  PRIVATE_NETWORK: "true",
  API_MANAGEMENT: JSON.stringify({
    sku: "StandardV2",
    certificateSecretId: "https://kv-yourcompany.vault.azure.net/secrets/api-socmate-yourcompany-com",
  }),
};

const templateSchema = z.object({
  parameters: z.record(z.string(), z.object({ defaultValue: z.unknown().optional() })),
});

describe.runIf(hasBicep)("the parameters of an azd environment", () => {
  const { parameters } = hasBicep ? templateSchema.parse(templateOf()) : { parameters: {} };

  test("are all parameters of main.bicep, each with its default where no variable is set", () => {
    const values = parametersOf("main.bicepparam", ENVIRONMENT);
    expect(Object.keys(values).sort()).toEqual(Object.keys(parameters).sort());
    for (const [name, { defaultValue }] of Object.entries(parameters)) {
      // A default in brackets is an expression: the region of the deployment, and so that of the first vault.
      if (defaultValue === undefined || JSON.stringify(defaultValue).includes("[")) continue;
      expect(values[name], name).toEqual(defaultValue);
    }
    expect(values).toMatchObject({ location: "westeurope", signingVaultLocations: ["westeurope"], frontDoor: null });
  });

  test("have one variable each, the name in capitals", () => {
    const file = readFileSync(`${TEMPLATES}/main.bicepparam`, "utf8");
    const own: Record<string, string> = { environmentName: "AZURE_ENV_NAME", location: "AZURE_LOCATION" };
    for (const name of Object.keys(parameters)) {
      const variable = own[name] ?? name.replace(/[A-Z]/g, "_$&").toUpperCase();
      expect(file).toMatch(new RegExp(`^param ${name} = .*readEnvironmentVariable\\('${variable}'`, "m"));
    }
  });

  test("can make the installation of production.bicepparam", () => {
    const written = parametersOf("production.bicepparam", {});
    const values = parametersOf("main.bicepparam", { ...ENVIRONMENT, ...PRODUCTION });
    expect(values).toMatchObject(written);
  });
});

function parametersOf(file: string, variables: Record<string, string>): Record<string, unknown> {
  const { PATH = "" } = process.env;
  const { stdout, stderr } = spawnSync(findBicep() ?? "bicep", ["build-params", file, "--stdout"], {
    cwd: TEMPLATES,
    env: { PATH, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1", ...variables },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const compiled = z.object({ parametersJson: z.string() }).parse(JSON.parse(stdout));
  const values = z
    .object({ parameters: z.record(z.string(), z.object({ value: z.unknown() })) })
    .parse(JSON.parse(compiled.parametersJson));
  return Object.fromEntries(Object.entries(values.parameters).map(([name, { value }]) => [name, value]));
}
