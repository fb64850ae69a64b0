import fc from "fast-check";

const codePoint = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff }), fc.nat({ max: 0x10ffff }))
  .filter((point) => point < 0xd800 || point > 0xdfff);

/** Texts of any characters of Unicode: letters, controls, and what nobody types. */
export function anyText(constraints: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: codePoint.map((point) => String.fromCodePoint(point)) });
}

const SPACES = [" ", "  ", "\u00a0", "\u2003", "\u202f", "\u3000", "\u2800", "\t"];
const INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u00ad", "\ufe0f", "\u2060", "\ufeff"];
/** Letters whose case, marks or joiners have rules of their own, in several scripts. */
const LETTERS = [
  ..."aeiouıİIŞşğßẞſÅéçñüŵǆﬁΣσςΐΆἀᾳЁёйІї監視ｱＡガकषनിന്ക্যമعهيیمآकीไ한",
  ..."😀👨‍👩‍👧🏳️‍🌈".split(/(?=\p{RGI_Emoji})/v),
  ...["i\u0307", "e\u0301", "q\u0323\u0307", "\u1112\u1161\u11ab", "می\u200cخ", "क्\u200dष", "ന്\u200d", "a\u0345"],
];

/** Texts that a person may have stored: words in several scripts, with any spaces between them, and characters that hide. */
export function typedText(): fc.Arbitrary<string> {
  const letter = fc.constantFrom(...LETTERS);
  const part = fc.oneof(
    { arbitrary: letter, weight: 8 },
    { arbitrary: fc.constantFrom(...SPACES), weight: 2 },
    { arbitrary: fc.constantFrom("\u202e", "\u200b", "\0"), weight: 1 },
    { arbitrary: anyText({ minLength: 1, maxLength: 2 }), weight: 1 },
  );
  return fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
}

/** The same text to the eye: in another case, normalization form, with other spaces, or with invisible characters. */
export function spelledDifferently(text: string): fc.Arbitrary<string> {
  const recased = fc.constantFrom<(part: string) => string>(
    (part) => part,
    (part) => part.toUpperCase(),
    (part) => part.toLowerCase(),
    (part) => part.toLocaleUpperCase("tr"),
    (part) => part.toLocaleLowerCase("tr"),
    (part) => part.toLocaleUpperCase("el"),
    (part) => part.toLocaleLowerCase("lt"),
  );
  const form = fc.constantFrom("NFC", "NFD", "NFKC", "NFKD");
  const spaces = fc.infiniteStream(fc.constantFrom(...SPACES));
  const hidden = fc.infiniteStream(fc.constantFrom("", "", ...INVISIBLE));
  return fc
    .tuple(recased, form, spaces, hidden)
    .map(([recase, into, space, hide]) =>
      [...recase(text.normalize("NFC")).normalize(into)]
        .map((character) => (/\s/u.test(character) ? space.next().value : character) + hide.next().value)
        .join(""),
    );
}
