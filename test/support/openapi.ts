import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";

const referenceSchema = z.object({ $ref: z.string() });
const responseSchema = z.object({
  "x-answered-by": z.literal("gateway").optional(),
  headers: z.record(z.string(), z.object({ required: z.boolean().optional() })).default({}),
  content: z.record(z.string(), z.object({ schema: referenceSchema })).default({}),
});
const operationSchema = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), referenceSchema.or(responseSchema)),
});
const jsonSchema = z.record(z.string(), z.unknown());
const documentSchema = z.object({
  servers: z.tuple([z.object({ url: z.url() })]),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({
    responses: z.record(z.string(), responseSchema),
    schemas: z.record(z.string(), jsonSchema),
  }),
});

/** The documents of the API: that of administrators, and that of clients and verifiers. */
export const DOCUMENTS = ["openapi.json", "openapi-public.json"] as const;
/** The name of a document. */
export type DocumentName = (typeof DOCUMENTS)[number];

/** Returns the path of a document. */
export const documentPath = (name: DocumentName) => join(import.meta.dirname, "../..", name);

/** An operation of a document. `path` is its whole path, with parameters in braces. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly answers: readonly DocumentedAnswer[];
}

interface DocumentedAnswer {
  readonly status: number;
  readonly byGateway: boolean;
  /** The headers that it always has: all but those with `"required": false`. */
  readonly headers: readonly string[];
  /** The schema of the body for each media type. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

/** The operations of both documents, with their answers. */
export const operations: readonly Operation[] = DOCUMENTS.flatMap(readOperations);

/** The scopes of the documents. */
export const documentedScopes = z
  .object({ "x-extensible-enum": z.array(z.string()) })
  .parse(parseDocument("openapi.json").components.schemas.Scope)["x-extensible-enum"];

/** An answer to be compared with the documents. */
export interface Answered {
  status: number | undefined;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** Expects that an answer is as the documents have it, if they have its operation. The platform's own answers have no body. */
export function expectDocumentedAt(
  method: string,
  url: string,
  { text, ...answer }: Omit<Answered, "body"> & { text: string },
): void {
  if (text === "") return;
  const path = new URL(url).pathname;
  const operation = operations.find((known) => known.method === method && patternOf(known.path).test(path));
  if (operation) expectDocumented(operation.operationId, { ...answer, body: JSON.parse(text) });
}

/** Expects that a document has this answer for the operation: its status, media type, headers and every member of its body. */
export function expectDocumented(operationId: string, { status, headers, body }: Answered): void {
  const answers = operations.find((operation) => operation.operationId === operationId)?.answers;
  const answer = answers?.find((known) => known.status === status && !known.byGateway);
  if (!answer) throw new Error(`${operationId} answers ${status}, which is not documented: ${JSON.stringify(body)}`);
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const mediaType = sent["content-type"] ?? "none";
  expect(Object.keys(answer.content)).toContain(mediaType);
  for (const header of answer.headers) expect(sent).toHaveProperty(header.toLowerCase());
  answer.content[mediaType]?.parse(body);
}

function parseDocument(name: DocumentName) {
  return documentSchema.parse(JSON.parse(readFileSync(documentPath(name), "utf8")));
}

function readOperations(name: DocumentName): Operation[] {
  const { servers, paths, components } = parseDocument(name);
  const base = new URL(servers[0].url).pathname.replace(/\/$/, "");
  const bodies = bodySchemas(components.schemas);
  const answerOf = ([status, response]: [string, z.output<typeof responseSchema> | { $ref: string }]) => {
    const {
      "x-answered-by": by,
      headers,
      content,
    } = responseSchema.parse("$ref" in response ? components.responses[nameOf(response)] : response);
    return {
      status: Number(status),
      byGateway: by === "gateway",
      headers: Object.keys(headers).filter((header) => headers[header]?.required !== false),
      content: Object.fromEntries(
        Object.entries(content).map(([mediaType, { schema }]) => [mediaType, bodies(nameOf(schema))]),
      ),
    };
  };
  return Object.entries(paths).flatMap(([path, { parameters, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { operationId, responses } = operationSchema.parse(operation);
      const answers = Object.entries(responses).map(answerOf);
      return { operationId, method: method.toUpperCase(), path: base + path, answers };
    }),
  );
}

/** Returns the strict schemas of bodies by name: a member, a value or a form of a time that is not documented is refused. */
function bodySchemas(schemas: Readonly<Record<string, unknown>>): (name: string) => z.ZodType {
  const definitions: Record<string, object> = JSON.parse(
    // Zod resolves references in `definitions`, as in JSON Schema.
    JSON.stringify(schemas).replaceAll("#/components/schemas/", "#/definitions/"),
    (_name, value) => strict(value),
  );
  const known = new Map<string, z.ZodType>();
  return (name) => {
    const schema =
      known.get(name) ?? z.fromJSONSchema({ ...definitions[name], definitions }, { defaultTarget: "openapi-3.0" });
    known.set(name, schema);
    return schema;
  };
}

/** Closes a schema. The documents leave the answers open, so that a client bears what a later release adds. */
function strict(schema: unknown): unknown {
  const { properties, format, "x-extensible-enum": values } = jsonSchema.safeParse(schema).data ?? {};
  if (properties) return { additionalProperties: false, ...(schema as object) };
  if (format === "date-time") return { ...(schema as object), pattern: "T\\d{2}:\\d{2}:\\d{2}Z$" };
  return values ? { ...(schema as object), enum: values } : schema;
}

function nameOf({ $ref }: { $ref: string }): string {
  return $ref.split("/").at(-1) ?? "";
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
}
