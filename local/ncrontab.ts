interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const FIELDS: readonly [Field, Field, Field, Field, Field, Field] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  {
    name: "month",
    min: 1,
    max: 12,
    words: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { name: "day of week", min: 0, max: 6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];
const FOUR_YEARS_DAYS = 4 * 366;

/** The moment after `after` at which an NCRONTAB expression of six fields is due next, in UTC. Throws on a malformed or impossible one. */
export function nextOccurrence(expression: string, after: Date): Date {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) throw new Error(`The schedule "${expression}" does not have six fields.`);
  const [seconds, minutes, hours, days, months, weekdays] = FIELDS.map((field, index) =>
    parseField(parts[index] ?? "", field),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const start = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
  const day = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()));
  for (let tried = 0; tried <= FOUR_YEARS_DAYS; tried++, day.setUTCDate(day.getUTCDate() + 1)) {
    if (!months.has(day.getUTCMonth() + 1) || !days.has(day.getUTCDate()) || !weekdays.has(day.getUTCDay())) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        for (const second of seconds) {
          const due = new Date(day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000);
          if (due >= start) return due;
        }
      }
    }
  }
  throw new Error(`The schedule "${expression}" is never due.`);
}

/** The values of a field in ascending order. */
function parseField(text: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const item of text.toLowerCase().split(",")) {
    const [, from, to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item) ?? [];
    if (from === undefined) throw malformed(text, field);
    const first = from === "*" ? field.min : valueOf(from, field);
    const openEnded = from === "*" || (to === undefined && step !== undefined);
    const last = to === undefined ? (openEnded ? field.max : first) : valueOf(to, field);
    const increment = Number(step ?? 1);
    if (increment < 1 || last < first) throw malformed(text, field);
    for (let value = first; value <= last; value += increment) values.add(value);
  }
  return new Set([...values].sort((a, b) => a - b));
}

function valueOf(text: string, field: Field): number {
  const word = field.words?.indexOf(text.slice(0, 3)) ?? -1;
  const value = /^\d+$/.test(text) ? Number(text) : word;
  if (value < field.min || value > field.max) throw malformed(text, field);
  return value;
}

const malformed = (text: string, field: Field) => new Error(`"${text}" is not a ${field.name} of a schedule.`);
