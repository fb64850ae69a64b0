import * as z from "zod";
import type { HttpRequest } from "./http-request.ts";
import { faultsOf, invalidInput, shownName } from "./invalid-input.ts";

const noQuery = z.strictObject({});

/**
 * Reads the query of an admin request and validates it against a strict schema. A parameter without a value is treated as absent.
 *
 * @throws InvalidInput with the faults, such as an unknown or a repeated parameter: ignored, a misspelt filter would show other clients
 * than those that were asked for.
 */
export function readQuery<T>(request: HttpRequest, schema: z.ZodType<T>): T {
  const { query } = request;
  const names = [...new Set(query.keys())];
  const repeated = names.filter((name) => query.getAll(name).length > 1);
  const given = Object.fromEntries(names.map((name) => [name, query.get(name) || undefined]));
  const result = schema.safeParse(given);
  const faults = [
    ...repeated.map((name) => ({ field: shownName("query", name), detail: "Is repeated: send it once." })),
    ...(result.success ? [] : faultsOf("query", result.error)),
  ];
  if (!result.success || faults.length > 0) throw invalidInput("query", faults);
  return result.data;
}

/**
 * Refuses any query where none is expected.
 *
 * @throws InvalidInput
 */
export function refuseQuery(request: HttpRequest): void {
  readQuery(request, noQuery);
}
