import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import spectral, { type RulesetDefinition } from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";
import { describe, expect, test } from "vitest";
import { DOCUMENTS, documentPath, operations } from "./support/openapi.ts";

/** A value of a document with the names that lead to it. */
interface Place {
  path: readonly string[];
  value: unknown;
}

/** Returns the place of every value below a value, itself included. */
function placesIn(value: unknown, path: readonly string[] = []): Place[] {
  const below = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [{ path, value }, ...below.flatMap(([name, member]) => placesIn(member, [...path, name]))];
}

const named = (places: readonly Place[], name: string) => places.filter(({ path }) => path.at(-1) === name);

/** Returns the names of the schemas that a part of a document refers to. */
function schemasIn(value: unknown): Set<string | undefined> {
  const references = named(placesIn(value), "$ref").map(({ value }) => String(value));
  return new Set(references.filter((target) => target.includes("/schemas/")).map((target) => target.split("/").at(-1)));
}

test("no operationId occurs twice, in another document neither", () => {
  const names = operations.map(({ operationId }) => operationId);
  expect(names).toEqual([...new Set(names)]);
});

describe.each(DOCUMENTS)("%s", (name) => {
  const document = JSON.parse(readFileSync(documentPath(name), "utf8"));
  const { responses: refusals, schemas } = document.components;
  const places = placesIn(document);

  test("passes Redocly's strict rules", () => {
    const cli = fileURLToPath(import.meta.resolve("@redocly/cli/bin/cli.js"));
    const lint = [cli, "lint", "--extends=recommended-strict", documentPath(name)];
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
    const { status, stderr } = spawnSync(process.execPath, lint, { env, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("Your API description is valid") });
  });

  test("passes Spectral's rules for OpenAPI without a warning", async () => {
    const linter = new spectral.Spectral();
    linter.setRuleset({ extends: rulesets.oas as RulesetDefinition });
    expect(await linter.run(document)).toEqual([]);
  });

  // Microsoft Learn, "API import restrictions and known issues": 3.0.x up to 3.0.3; the first HTTPS URL of the servers.
  test("can be imported by API Management", () => {
    expect(document.openapi).toBe("3.0.3");
    expect(document.servers[0].url).toMatch(/^https:/);
  });

  // NSwag 14 with System.Text.Json reads no one-value enum whose value is not an identifier, and no array of enums; a generated client of
  // any language refuses a value that a later release adds.
  test("has enums of several values, for parameters alone", () => {
    const enums = named(places, "enum");
    expect(enums.filter(({ path }) => !path.includes("parameters"))).toEqual([]);
    expect(enums.filter(({ value }) => (value as unknown[]).length < 2)).toEqual([]);
  });

  test("closes JSON requests to unknown members, and leaves answers open to those of a later release", () => {
    const bodies = places.filter(({ path }) => path.at(-3) === "requestBody" && path.at(-1) === "application/json");
    const closed = named(placesIn(schemas), "additionalProperties").map(({ path, value }) => [path.join("."), value]);
    const requests = [...schemasIn(bodies)].map((schema) => [`${schema}.additionalProperties`, false]);
    expect(closed).toEqual(requests);
  });

  // openapi-typescript 7 takes a member with a default for one that is always there.
  test("gives no default to a member of a body", () => {
    expect(named(placesIn(schemas), "default")).toEqual([]);
  });

  test("gives every time the format date-time", () => {
    const times = places.filter(
      ({ path }) => path.at(-2) === "properties" && /_at$|_from$|^since$/.test(path.at(-1) ?? ""),
    );
    expect(times.length).toBeGreaterThan(1);
    for (const { path, value } of times) {
      expect(value, path.join(".")).toMatchObject({ type: "string", format: "date-time" });
    }
  });

  // Kiota's exceptions have no other message.
  test("marks the message of every refusal", () => {
    const marked = [...schemasIn(refusals)].map((schema) => {
      const marks = named(placesIn(schemas[schema ?? ""].properties), "x-ms-primary-error-message");
      return [schema, marks.map(({ value }) => value)];
    });
    expect(marked).toEqual([...schemasIn(refusals)].map((schema) => [schema, [true]]));
    expect(marked).not.toEqual([]);
  });
});
