import * as z from "zod";

const fieldErrorSchema = z.object({ field: z.string(), detail: z.string() });

/** One fault of a request body or query, named by the member it is in. */
export type FieldError = z.output<typeof fieldErrorSchema>;

/** What a caller may act on in problem details (RFC 9457). */
export const problemSchema = z.object({ detail: z.string(), errors: z.array(fieldErrorSchema).optional() });
