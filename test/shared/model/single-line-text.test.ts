import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, singleLineText } from "../../../shared/model/single-line-text.ts";
import { anyText } from "../../any-text.ts";

test.for([
  ["plain words", "XSOAR Production", "XSOAR Production"],
  ["a bidirectional override", "safe\u202etxt.exe", "safe<U+202E>txt.exe"],
  ["a zero-width space, a NUL and a line break", "a\u200bb\0c\nd", "a<U+200B>b<U+0000>c<U+000A>d"],
  ["a tag outside of the basic plane", "\u{e0041}", "<U+E0041>"],
  ["emoji of several characters", "👨‍👩‍👧‍👦 SOC 🏳️‍🌈", "👨‍👩‍👧‍👦 SOC 🏳️‍🌈"],
  ["an empty text", "", ""],
] as const)("shows %s on one line with visible characters [check 58]", ([, stored, shown]) => {
  expect(printable(stored)).toBe(shown);
});

test("shows any text without invisible or bidirectional characters, and an accepted text unchanged", () => {
  const schema = singleLineText(0, Number.POSITIVE_INFINITY);
  fc.assert(
    fc.property(anyText(), (text) => {
      const shown = schema.safeParse(printable(text)).error?.issues.map(({ message }) => message) ?? [];
      expect(shown.filter((message) => message.includes("invisible"))).toEqual([]);
      const accepted = schema.safeParse(text);
      if (accepted.success) expect(printable(accepted.data)).toBe(accepted.data);
    }),
  );
});
