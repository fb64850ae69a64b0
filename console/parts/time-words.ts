const MINUTE_MS = 60_000;
const UNITS = [
  ["year", 365 * 24 * 60],
  ["month", 30 * 24 * 60],
  ["week", 7 * 24 * 60],
  ["day", 24 * 60],
  ["hour", 60],
  ["minute", 1],
] as const;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "long" });

/** More than clocks differ: such a time is not of this service. */
const AHEAD_MINUTES = 60;

/** How long ago a time is, in words of one unit: `3 days ago`. */
export function timeAgo(time: Date, now: Date): string {
  const passed = Math.floor((now.getTime() - time.getTime()) / MINUTE_MS);
  const isAhead = passed < -AHEAD_MINUTES;
  const minutes = isAhead ? -passed : passed;
  const [unit, size] = UNITS.find(([, minutesOfUnit]) => minutes >= minutesOfUnit) ?? ["second", 0];
  if (size === 0) return "just now";
  const amount = Math.floor(minutes / size);
  return words.format(isAhead ? amount : -amount, unit);
}

/** A time in full, in the zone of the reader, which it names. */
export function exactTime(time: Date): string {
  return exact.format(time);
}

/** A lifetime in whole minutes: `30 minutes`. */
export function minutesOf(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}
