import * as z from "zod";
import { containsClientSecret } from "./secret-pattern.ts";

/** What has no place in a line of text: control, format (bidi, zero-width) and otherwise invisible characters, line ends, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Emoji are made with joiners and selectors that are refused elsewhere. */
const EMOJI = /\p{RGI_Emoji}/gv;

/** A line of text in NFC, without space around it; lengths count characters, not UTF-16 units. */
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
 * Shows a stored line of text as what it is: characters that {@link singleLineText} refuses, since they hide or reorder others, are
 * written out as `<U+202E>`. Only a row that something else has written can have any.
 */
export function printable(text: string): string {
  const code = (character: string) => `<U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}>`;
  const emoji = text.match(EMOJI) ?? [];
  const between = text.split(EMOJI).map((part) => part.replace(UNPRINTABLE, code));
  return between.map((part, index) => part + (emoji[index] ?? "")).join("");
}
