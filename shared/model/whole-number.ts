import * as z from "zod";

/** The bounds of a whole number, and a text for each way to miss them. */
export interface WholeNumberRule {
  readonly minimum: number;
  readonly maximum: number;
  readonly notWhole: string;
  readonly tooSmall: string;
  readonly tooLarge: string;
}

/** Extends a schema for text to one for a whole number in decimal digits, as app settings and query parameters have it. */
export function wholeNumber(text: z.ZodString, { minimum, maximum, notWhole, tooSmall, tooLarge }: WholeNumberRule) {
  return text
    .regex(/^\d{1,9}$/, notWhole)
    .transform(Number)
    .pipe(z.number().min(minimum, tooSmall).max(maximum, tooLarge));
}
