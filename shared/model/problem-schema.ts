import * as z from "zod";

const fieldErrorSchema = z.object({ field: z.string(), detail: z.string() });

/** One fault of a body or a query, with the name of its member. */
export type FieldError = z.output<typeof fieldErrorSchema>;

/** The schema of the members of problem details (RFC 9457) that the admin page reads. */
export const problemSchema = z.object({ detail: z.string(), errors: z.array(fieldErrorSchema).optional() });
