import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";

const text = readFileSync(join(import.meta.dirname, "../../openapi.json"), "utf8");

const referenceSchema = z.object({ $ref: z.string() });
const responseSchema = z.object({
  "x-answered-by": z.literal("gateway").optional(),
  headers: z.record(z.string(), referenceSchema.or(z.object({ schema: z.unknown() }))).default({}),
  content: z.record(z.string(), z.object({ schema: referenceSchema })),
});
const operationSchema = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), responseSchema.or(referenceSchema)),
});
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({
    responses: z.record(z.string(), responseSchema),
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
});
const { paths, components } = documentSchema.parse(JSON.parse(text));
// Zod resolves references in `definitions`, as in JSON Schema.
const definitions = JSON.parse(
  JSON.stringify(components.schemas).replaceAll("#/components/schemas/", "#/definitions/"),
);

const nameOf = ({ $ref }: { $ref: string }) => $ref.split("/").at(-1) ?? "";
const bodySchemaOf = (name: string) =>
  z.fromJSONSchema({ ...definitions[name], definitions }, { defaultTarget: "openapi-3.0" });

/** The scopes of the document. */
export const documentedScopes = components.schemas.Scope?.enum;

/** The operations of the document with their answers. */
export const operations = Object.values(paths)
  .flatMap((path) => Object.entries(path).filter(([method]) => method !== "parameters"))
  .map(([, operation]) => operationSchema.parse(operation))
  .map(({ operationId, responses }) => ({
    operationId,
    answers: Object.entries(responses).map(([status, response]) => ({
      status: Number(status),
      ...("$ref" in response ? (components.responses[nameOf(response)] ?? responseSchema.parse(undefined)) : response),
    })),
  }));
/** The answers of the service, without those of the gateway. */
export const documented = operations.flatMap(({ operationId, answers }) =>
  answers.filter((answer) => !answer["x-answered-by"]).map((answer) => ({ operationId, ...answer })),
);

/** An answer to be compared with the document. */
export interface Answered {
  status: number | undefined;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** Expects that the document has this answer for the operation: its status, media type, headers and every member of its body. */
export function expectDocumented(operationId: string, { status, headers, body }: Answered): void {
  const answer = documented.find((known) => known.operationId === operationId && known.status === status);
  if (!answer) throw new Error(`${operationId} answers ${status}, which is not documented: ${JSON.stringify(body)}`);
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [mediaType = "", content] = Object.entries(answer.content)[0] ?? [];
  expect(sent["content-type"]).toBe(mediaType);
  for (const header of Object.keys(answer.headers)) expect(sent).toHaveProperty(header.toLowerCase());
  if (content) bodySchemaOf(nameOf(content.schema)).parse(body);
}
