import { expect, test } from "vitest";
import { nextOccurrence } from "../../local/ncrontab.ts";

test.each([
  ["* * * * * *", "2026-03-27T10:30:00.500Z", "2026-03-27T10:30:01Z"],
  ["0 * * * * *", "2026-03-27T10:30:00Z", "2026-03-27T10:31:00Z"],
  ["0 */15 * * * *", "2026-03-27T10:31:00Z", "2026-03-27T10:45:00Z"],
  ["30 5/20 * * * *", "2026-03-27T10:26:00Z", "2026-03-27T10:45:30Z"],
  ["0 0 3 * * *", "2026-03-27T03:00:00Z", "2026-03-28T03:00:00Z"],
  ["0 30 9-17/4 * * 1-5", "2026-03-27T17:30:00Z", "2026-03-30T09:30:00Z"],
  ["0 0 0 1 Jan,jul *", "2026-03-27T10:30:00Z", "2026-07-01T00:00:00Z"],
  ["0 0 0 * * sunday", "2026-03-27T10:30:00Z", "2026-03-29T00:00:00Z"],
  ["0 0 0 29 2 *", "2026-03-27T10:30:00Z", "2028-02-29T00:00:00Z"],
  ["0 0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"],
  ["59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z"],
])("%s is due after %s at %s", (expression, after, due) => {
  expect(nextOccurrence(expression, new Date(after))).toEqual(new Date(due));
});

test.each([
  "",
  "* * * * *",
  "60 * * * * *",
  "* * * 0 * *",
  "* * * * foo *",
  "5-1 * * * * *",
  "*/0 * * * * *",
  "1.5 * * * * *",
])("refuses %j", (expression) => {
  expect(() => nextOccurrence(expression, new Date())).toThrow(/schedule/);
});

test("says that a date never comes", () => {
  expect(() => nextOccurrence("0 0 0 30 2 *", new Date())).toThrow('The schedule "0 0 0 30 2 *" is never due.');
});
