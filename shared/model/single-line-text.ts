import * as z from "zod";
import { containsClientSecret } from "./secret-pattern.ts";

/** Control, format (bidirectional, zero-width), invisible, private-use and unassigned characters, line separators, and unpaired surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/**
 * Unprintable characters in a place where a text needs them: in an emoji, and a joiner between letters of a script that spells words with
 * joiners (UAX #31 §2.3; its tables 5 and 7 have the scripts), or after a virama (RFC 5892 appendix A.2), as in old Malayalam text.
 */
const NEEDED = (() => {
  const scripts =
    "Adlm Arab Bali Beng Cakm Deva Gujr Guru Java Khmr Knda Lana Mand Mlym Mong Mtei Mymr Newa Nkoo Orya Rohg Sinh Sund Sylo Syrc Taml Telu";
  const letter = `[[\\p{L}\\p{M}]&&[${scripts.replace(/\w+ ?/g, (script) => `\\p{scx=${script.trim()}}`)}]]`;
  const virama = "[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca]";
  return new RegExp(`\\p{RGI_Emoji}|(?<=${letter})[\\u200c\\u200d](?=${letter})|(?<=${virama})\\u200d`, "gv");
})();

/** To Unicode a symbol, to a reader of Braille a space. */
const BRAILLE_SPACE = "\u2800";

/**
 * Creates a schema for a single line of text, which it normalizes to NFC, with single spaces and none at the ends. Lengths count code
 * points, not UTF-16 units, before spaces are joined.
 */
export const singleLineText = (minimum: number, maximum: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? "Is required." : "Must be a string.") })
    .transform((text) => text.normalize("NFC").replaceAll(BRAILLE_SPACE, " ").trim())
    .superRefine((text, context) => {
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      const { length } = [...text];
      if (length < minimum) refuse("Must not be empty.");
      if (length > maximum) refuse(`Must be at most ${maximum} characters long.`);
      if (text.replace(NEEDED, "").search(UNPRINTABLE) >= 0) {
        refuse("Must not contain control, bidirectional, zero-width or other invisible characters.");
      }
      if (containsClientSecret(text)) refuse("Must not contain a client secret.");
    })
    .transform((text) => text.replace(/\p{Zs}+/gu, " "));

/**
 * Returns a stored text as it is shown. The characters that {@link singleLineText} refuses are escaped, as `<U+202E>`, since they hide or
 * reorder others. Only a row that another program has written can contain them.
 */
export function printable(text: string): string {
  // Nearly every text, in 0.1 µs in place of 3: a search shows each row.
  if (text.search(UNPRINTABLE) < 0) return text;
  const code = (character: string) => `<U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}>`;
  const needed = text.match(NEEDED) ?? [];
  const between = text.split(NEEDED).map((part) => part.replace(UNPRINTABLE, code));
  return between.map((part, index) => part + (needed[index] ?? "")).join("");
}

/**
 * Converts a text to the form in which texts are compared, equal for texts that people take for the same: they may differ by letter case,
 * spaces, joiners, and the encoding of marks and of letters in other forms (Unicode §3.13, D146, with the cases of all languages). Apply it
 * to what a person typed, and to a stored text as it is shown, which is {@link printable}.
 */
export function comparableText(text: string): string {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
      // Neither direction alone folds all of ẞ, ß and SS, or both forms of sigma.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replaceAll("ς", "σ")
      // Marks that a change of case adds or removes: the dot of a Turkish or Lithuanian i, the accents of Greek.
      .replace(/\p{Soft_Dotted}\p{M}+/gu, (letter) => letter.replaceAll("\u0307", ""))
      .replace(/(\p{Script=Greek})\p{M}+/gu, "$1")
      .normalize("NFKC")
      .replaceAll(BRAILLE_SPACE, " ")
      .replace(/\s+/gu, " ")
      .trim()
  );
}
