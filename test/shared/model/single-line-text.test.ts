import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparableText, printable, singleLineText } from "../../../shared/model/single-line-text.ts";
import { anyText, spelledDifferently, typedText } from "../../any-text.ts";

test.for([
  ["plain words", "XSOAR Production", "XSOAR Production"],
  ["a bidirectional override", "safe\u202etxt.exe", "safe<U+202E>txt.exe"],
  ["a zero-width space, a NUL and a line break", "a\u200bb\0c\nd", "a<U+200B>b<U+0000>c<U+000A>d"],
  ["a joiner between Latin letters", "a\u200db", "a<U+200D>b"],
  ["a joiner between Persian letters", "می\u200cخواهم\u200c", "می\u200cخواهم<U+200C>"],
  ["a tag outside of the basic plane", "\u{e0041}", "<U+E0041>"],
  ["emoji of several characters", "👨‍👩‍👧‍👦 SOC 🏳️‍🌈", "👨‍👩‍👧‍👦 SOC 🏳️‍🌈"],
  ["an empty text", "", ""],
] as const)("shows %s on one line with visible characters [check 58]", ([, stored, shown]) => {
  expect(printable(stored)).toBe(shown);
});

test("shows any text without invisible or bidirectional characters, and an accepted text unchanged", () => {
  const schema = singleLineText(0, Number.POSITIVE_INFINITY);
  fc.assert(
    fc.property(fc.oneof(anyText(), typedText()), (text) => {
      const shown = schema.safeParse(printable(text)).error?.issues.map(({ message }) => message) ?? [];
      expect(shown.filter((message) => message.includes("invisible"))).toEqual([]);
      const accepted = schema.safeParse(text);
      if (accepted.success) expect(printable(accepted.data)).toBe(accepted.data);
    }),
  );
});

describe("the comparison of texts", () => {
  test.for([
    ["two spaces and one", "Twin  Space", "Twin Space"],
    ["a no-break space and a space", "SOC\u00a0team", "SOC team"],
    ["an ideographic, a Braille and an Ogham space", "a\u3000b\u2800c\u1680d", "a b c d"],
    ["spaces at the ends", " \u2003SOC\u3000", "SOC"],
    ["a mark composed and combined", "Überwachung", "U\u0308berwachung"],
    ["marks in another order", "q\u0307\u0323", "q\u0323\u0307"],
    ["Korean syllables and their letters", "한", "\u1112\u1161\u11ab"],
    ["a capital sharp s, a small one and SS", "STRAẞE", "straße"],
    ["a sharp s and SS", "straße", "STRASSE"],
    ["final and medial sigma", "ΟΔΟΣ ΟΔΟΣΑ", "οδος οδοσα"],
    ["Greek capitals without accents", "ΑΘΗΝΑ", "Αθήνα"],
    ["Turkish capitals with a dot", "İSTANBUL", "istanbul"],
    ["Turkish capitals without a dot", "IŞIK", "ışık"],
    ["full-width forms", "ＸＳＯＡＲ　１", "xsoar 1"],
    ["a ligature", "ﬁrewall", "FIREWALL"],
    ["half-width and full-width kana", "ｶﾞｰﾄﾞ", "ガード"],
    ["Arabic presentation forms", "\ufefb", "لا"],
    ["Cherokee, Georgian and Armenian capitals", "ᏣᎳᎩ ᲡᲐᲥ ՀԱՅ", "ꮳꮃꭹ საქ հայ"],
    ["a joiner and none", "می\u200cخواهم", "میخواهم"],
    ["an emoji with a selector and without", "❤\ufe0f", "❤"],
    ["a zero-width space that was pasted along", "XSOAR\u200b", "XSOAR"],
  ] as const)("takes texts for the same that differ in %s [check 35]", ([, one, other]) => {
    expect(comparableText(one)).toBe(comparableText(other));
  });

  test.for([
    ["a mark", "café", "cafe"],
    ["a space between words", "SOC team", "SOCteam"],
    ["a vowel sign", "कि", "की"],
    ["letters of two scripts", "A", "А"],
    ["a character that is shown as its code point", printable("a\u202eb"), "ab"],
  ] as const)("distinguishes texts that differ in %s [check 35]", ([, one, other]) => {
    expect(comparableText(one)).not.toBe(comparableText(other));
  });

  test("folds every letter of Unicode, in the case of any language and in any normalization form", () => {
    const differences: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      const character = String.fromCodePoint(point);
      const changes = [character.toUpperCase(), character.toLowerCase(), character.normalize("NFKD")];
      // Greek capitals have no place for an iota that stands alone.
      if (changes.every((change) => change === character) || character === "\u037a") continue;
      const text = `a${character}`;
      const key = comparableText(text);
      const languages = ["tr", "lt", "el"].flatMap((language) => [
        text.toLocaleUpperCase(language),
        text.toLocaleLowerCase(language),
      ]);
      const same = new Set([key, text.toUpperCase(), text.toLowerCase(), text.normalize("NFD"), ...languages]);
      if ([...same].some((other) => comparableText(other) !== key)) differences.push(point.toString(16));
    }
    expect(differences).toEqual([]);
  });

  test("takes any text for the same as it is shown, in any spelling", () => {
    fc.assert(
      fc.property(
        typedText().chain((stored) => fc.tuple(fc.constant(printable(stored)), spelledDifferently(printable(stored)))),
        ([shown, typed]) => {
          expect(comparableText(typed)).toBe(comparableText(shown));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("takes an accepted text for the same as the text that was typed", () => {
    const schema = singleLineText(0, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(typedText(), (typed) => {
        const stored = schema.safeParse(typed);
        if (stored.success) expect(comparableText(printable(stored.data))).toBe(comparableText(typed));
      }),
      { numRuns: 2_000 },
    );
  });
});
