import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startStack } from "../local/stack.ts";
import { readConfig, SETTING_NAMES } from "../shared/config.ts";

/** Settings of the Functions host, of the platform's identity and of Node, which the service itself does not read. */
const PLATFORM = [
  "AzureWebJobsDisableHomepage",
  "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
  "FUNCTIONS_WORKER_RUNTIME",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "NODE_EXTRA_CA_CERTS",
];

const ours = (names: string[]) => names.filter((name) => !PLATFORM.includes(name)).toSorted();
const expected = SETTING_NAMES.toSorted();
/** Absent by default, so absent in a run on this machine as in Azure. */
const ABSENT_BY_DEFAULT = ["DOCUMENTATION_URL", "SECRET_HASH_EXPIRY_DAYS"];

const sample = z
  .strictObject({ IsEncrypted: z.literal(false), Values: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync("local.settings.sample.json", "utf8")));

describe("local.settings.sample.json", () => {
  test("has every setting there is, and no other", () => {
    expect(ours(Object.keys(sample.Values))).toEqual(expected);
  });

  test("would start the service, with the defaults where there are any", () => {
    const config = readConfig(sample.Values);
    const {
      TOKEN_LIFETIME_SECONDS,
      TOKEN_REUSE_BURST,
      TOKEN_REUSE_PER_SECOND,
      TOKEN_REUSE_SECONDS,
      CLIENT_ID_PREFIX,
      CALLER_ADDRESS,
      KEY_PUBLISH_LEAD_SECONDS,
      ADMIN_ROLE,
      ADMIN_SCOPE,
      ...required
    } = sample.Values;
    expect(config).toEqual(readConfig(required));
  });
});

test("docs/operations.md explains every setting", () => {
  const [, table = ""] = readFileSync("docs/operations.md", "utf8").split("\n## Settings\n");
  const [rows = ""] = table.split("\n## ");
  const names = [...rows.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) => cell.match(/[A-Z][A-Z_]+/g) ?? []);
  expect(names.toSorted()).toEqual(expected);
});

test("the local stack sets every setting that is not absent by default, so that a run on this machine is a run in Azure", async () => {
  const { settings, close } = await startStack();
  await close();
  expect(ours(Object.keys(settings))).toEqual(expected.filter((name) => !ABSENT_BY_DEFAULT.includes(name)));
  expect(() => readConfig(settings)).not.toThrow();
});
