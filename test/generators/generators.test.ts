import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, type TestOptions, test } from "vitest";
import { z } from "zod";
import { type Answer, bodyOf } from "../support/http.ts";
import { DOCUMENTS, type DocumentName, documentPath } from "../support/openapi.ts";
import { startTestService } from "../support/test-service.ts";

// Clients are generated from the documents as their users would do it, compiled, and sent through every operation. The programs that call
// them print the same JSON.

const TYPESCRIPT = join(import.meta.dirname, "typescript");
const KIOTA = join(import.meta.dirname, "kiota");
const PROJECT = join(KIOTA, "walk.csproj");
const CACHE = resolve(import.meta.dirname, "../../node_modules/.cache/kiota");

interface Output {
  stdout: string;
  stderr: string;
}

const { url, stack, admin, createClient, requestToken } = await startTestService();
const missing = await restoreKiota();
const needsKiota: TestOptions = missing
  ? { skip: true, meta: { skipReason: `Kiota cannot be restored from NuGet with a .NET SDK 10: ${missing}` } }
  : { timeout: 240_000 };

test("the TypeScript client of openapi-typescript has types that fit, and calls every operation", async () => {
  const generated = join(TYPESCRIPT, "generated");
  rmSync(generated, { recursive: true, force: true });
  for (const name of DOCUMENTS) {
    const output = join(generated, name.replace(/json$/, "d.ts"));
    await run(process.execPath, installed("openapi-typescript/bin/cli.js"), documentPath(name), "--output", output);
  }
  await run(process.execPath, installed("typescript/bin/tsc"), "--project", TYPESCRIPT);
  await expectWalk(process.execPath, join(TYPESCRIPT, "walk.ts"));
});

test("the .NET client of Kiota compiles without a warning, and calls every operation", needsKiota, async () => {
  const generated = join(KIOTA, "generated");
  rmSync(generated, { recursive: true, force: true });
  await generateWithKiota("openapi.json", "Admin");
  await generateWithKiota("openapi-public.json", "Public");
  await dotnet("build", "--no-restore", "--output", join(CACHE, "bin"));
  await expectWalk("dotnet", join(CACHE, "bin/walk.dll"));

  async function generateWithKiota(name: DocumentName, api: string): Promise<void> {
    const { stdout, stderr } = await run(
      ...["dotnet", kiotaCli(), "generate", "--language", "CSharp", "--log-level", "Warning"],
      ...["--openapi", documentPath(name), "--output", join(generated, api)],
      ...["--class-name", `${api}Client`, "--namespace-name", `SoCMate.${api}`],
    );
    // The exit code is 0 even for a document that cannot be read.
    expect(stdout + stderr).not.toMatch(/^(warn|fail|crit):/m);
  }
});

/** Runs a program that calls every operation, and compares what its client has made of the answers. */
async function expectWalk(...command: [string, ...string[]]): Promise<void> {
  const used = await createClient();
  await requestToken(used);
  const lastUsedAt = async () => textOf(await admin("GET", `/${used.clientId}`), "last_used_at");
  await expect.poll(lastUsedAt).not.toBeNull();

  const { stdout } = await run(...command, url, used.clientId);
  const issuer = stack.settings.TOKEN_ISSUER;
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  await admin("DELETE", `/${used.clientId}`);
  expect(JSON.parse(stdout)).toEqual({
    createApiClient: ["Generated", ["search:read"], `${issuer}/oauth/token`],
    getApiClient: ["active", "", time, null, await lastUsedAt()],
    listApiClients: [1, ["Generated"], true],
    requestAccessToken: ["Bearer", 1800, "search:read"],
    regenerateApiClientSecret: true,
    disableApiClient: "disabled",
    getJsonWebKeySet: ["RS256"],
    getAuthorizationServerMetadata: `${issuer}/oauth/token`,
    getOpenIdConfiguration: `${issuer}/.well-known/jwks.json`,
    getHealth: ["ok", [[time, null]]],
    refusals: [
      [400, textOf(await admin("POST", "", { name: "", scopes: [] }), "detail"), ["name", "scopes"]],
      [404, textOf(await admin("GET", "/socmate-nobody-abc123"), "detail")],
      [409, textOf(await admin("POST", `/${used.clientId}/regenerate-secret`), "detail")],
      // Followed by the id of that request.
      [401, "invalid_client", expect.stringContaining(`${textOf(await requestToken(used), "error_description")} (`)],
    ],
  });
}

function textOf(answer: Answer, member: string): unknown {
  return z.record(z.string(), z.unknown()).parse(bodyOf(answer))[member];
}

/** Restores the generator and the packages that its clients need. Resolves to the reason if it could not. */
async function restoreKiota(): Promise<string | undefined> {
  return dotnet("restore", "--packages", join(CACHE, "packages")).then(
    () => undefined,
    (error: Error) => error.message.replace(/\s+/g, " ").slice(0, 300),
  );
}

function kiotaCli(): string {
  const [, version = ""] = /OpenApi\.Kiota" Version="\[(.*)\]"/.exec(readFileSync(PROJECT, "utf8")) ?? [];
  return join(CACHE, "packages/microsoft.openapi.kiota", version, "tools/net10.0/any/kiota.dll");
}

function dotnet(command: string, ...options: string[]): Promise<Output> {
  return run("dotnet", command, PROJECT, `-p:BaseIntermediateOutputPath=${join(CACHE, "obj")}/`, ...options);
}

function installed(file: string): string {
  return join(TYPESCRIPT, "node_modules", file);
}

/** Runs a command to its end, without telemetry and without a process that stays. Rejects with what it printed if it fails. */
async function run(command: string, ...options: string[]): Promise<Output> {
  const env = {
    ...process.env,
    ADMIN_TOKEN: stack.adminToken(),
    DOTNET_CLI_TELEMETRY_OPTOUT: "true",
    DOTNET_NOLOGO: "true",
    KIOTA_CLI_TELEMETRY_OPTOUT: "true",
    KIOTA_OFFLINE_ENABLED: "true",
    MSBUILDDISABLENODEREUSE: "1",
    UseSharedCompilation: "false",
  };
  return promisify(execFile)(command, options, { env }).catch((error) => {
    throw new Error([error.stdout, error.stderr].join("").trim() || error.message);
  });
}
