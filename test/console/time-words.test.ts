import { expect, test } from "vitest";
import { minutesOf, timeAgo } from "../../console/parts/time-words.ts";

const now = new Date("2026-08-01T12:00:00Z");

test.for([
  ["2026-08-01T12:00:30Z", "just now"],
  ["2026-08-01T12:59:00Z", "just now"],
  ["2999-08-01T12:00:00Z", "in 973 years"],
  ["2026-08-01T11:59:01Z", "just now"],
  ["2026-08-01T11:59:00Z", "1 minute ago"],
  ["2026-08-01T10:00:01Z", "1 hour ago"],
  ["2026-07-31T12:00:00Z", "yesterday"],
  ["2026-07-26T12:00:00Z", "6 days ago"],
  ["2026-07-25T12:00:00Z", "last week"],
  ["2026-05-03T12:00:00Z", "3 months ago"],
  ["2024-03-27T00:00:00Z", "2 years ago"],
] as const)("%s was %s", ([time, words]) => {
  expect(timeAgo(new Date(time), now)).toBe(words);
});

test("a lifetime is told in minutes", () => {
  expect([300, 60, 1800].map(minutesOf)).toEqual(["5 minutes", "1 minute", "30 minutes"]);
});
