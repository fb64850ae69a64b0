import fc from "fast-check";

const codePoint = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff }), fc.nat({ max: 0x10ffff }))
  .filter((point) => point < 0xd800 || point > 0xdfff);

/** Texts of any characters of Unicode: letters, controls, and what nobody types. */
export function anyText(constraints: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: codePoint.map((point) => String.fromCodePoint(point)) });
}
