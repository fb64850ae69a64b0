import * as z from "zod";
import { containsClientSecret } from "./secret-pattern.ts";

/** Control, format (bidirectional, zero-width), invisible, private-use and unassigned characters, line separators, and unpaired surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Emoji contain joiners and selectors, which are refused elsewhere. */
const EMOJI = /\p{RGI_Emoji}/gv;

/** Creates a schema for a single line of text, which it normalizes to NFC and trims. Lengths count code points, not UTF-16 units. */
export const singleLineText = (minimum: number, maximum: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "Is required." : "Must be a string.") })
    .transform((text) => text.normalize("NFC").trim())
    .superRefine((text, context) => {
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      const { length } = [...text];
      if (length < minimum) refuse("Must not be empty.");
      if (length > maximum) refuse(`Must be at most ${maximum} characters long.`);
      if (text.replace(EMOJI, "").search(UNPRINTABLE) >= 0) {
        refuse("Must not contain control, bidirectional, zero-width or other invisible characters.");
      }
      if (containsClientSecret(text)) refuse("Must not contain a client secret.");
    });

/**
 * Escapes the characters that {@link singleLineText} refuses, as `<U+202E>`, since they hide or reorder others. Only a row that another
 * program has written can contain them.
 */
export function printable(text: string): string {
  const code = (character: string) => `<U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}>`;
  const emoji = text.match(EMOJI) ?? [];
  const between = text.split(EMOJI).map((part) => part.replace(UNPRINTABLE, code));
  return between.map((part, index) => part + (emoji[index] ?? "")).join("");
}
