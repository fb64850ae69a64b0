interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const SECOND: Field = { name: "second", min: 0, max: 59 };
const MINUTE: Field = { name: "minute", min: 0, max: 59 };
const HOUR: Field = { name: "hour", min: 0, max: 23 };
const DAY: Field = { name: "day", min: 1, max: 31 };
const MONTH: Field = { name: "month", min: 1, max: 12, words: MONTHS };
const WEEKDAY: Field = { name: "day of the week", min: 0, max: 6, words: WEEKDAYS };

/** The longest wait that a schedule can ask for: 29 February over the turn of a century, and one day more. */
const MAX_DAYS = 8 * 366 + 1;
const DAY_MS = 86_400_000;

/**
 * The moment at which an NCRONTAB expression of six fields is due next after `after`, in UTC.
 *
 * @throws on an expression that is malformed or never due.
 */
export function nextOccurrence(expression: string, after: Date): Date {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 6) throw new Error(`The schedule "${expression}" does not have six fields.`);
  const values = (field: Field, index: number) => parseField(fields[index] ?? "", field);
  const [days, months, weekdays] = [values(DAY, 3), values(MONTH, 4), values(WEEKDAY, 5)];
  const times = values(HOUR, 2).flatMap((hour) =>
    values(MINUTE, 1).flatMap((minute) =>
      values(SECOND, 0).map((second) => (hour * 3600 + minute * 60 + second) * 1000),
    ),
  );
  const today = Math.floor(after.getTime() / DAY_MS) * DAY_MS;
  for (let start = today; start < today + MAX_DAYS * DAY_MS; start += DAY_MS) {
    const day = new Date(start);
    const isDue = months.includes(day.getUTCMonth() + 1) && days.includes(day.getUTCDate());
    const time = times.find((each) => start + each > after.getTime());
    if (isDue && weekdays.includes(day.getUTCDay()) && time !== undefined) return new Date(start + time);
  }
  throw new Error(`The schedule "${expression}" is never due.`);
}

/** The values of a field, in ascending order. */
function parseField(text: string, field: Field): number[] {
  const values = text.split(",").flatMap((item) => parseRange(item, field));
  return [...new Set(values)].sort((a, b) => a - b);
}

/** One item of a list: `*`, `5`, `mon-fri`, each with an optional step such as `/15`. */
function parseRange(item: string, field: Field): number[] {
  const { from, to, step } = /^(?<from>\*|\w+)(?:-(?<to>\w+))?(?:\/(?<step>\d+))?$/.exec(item)?.groups ?? {};
  if (from === undefined) throw malformed(item, field);
  const first = from === "*" ? field.min : parseValue(from, field);
  const only = from !== "*" && step === undefined ? first : field.max;
  const last = to === undefined ? only : parseValue(to, field);
  const increment = Number(step ?? 1);
  if (increment < 1 || last < first) throw malformed(item, field);
  return Array.from({ length: Math.floor((last - first) / increment) + 1 }, (_, index) => first + index * increment);
}

function parseValue(text: string, field: Field): number {
  const value = /^\d+$/.test(text) ? Number(text) : (field.words?.indexOf(text.slice(0, 3).toLowerCase()) ?? -1);
  if (value < field.min || value > field.max) throw malformed(text, field);
  return value;
}

function malformed(text: string, field: Field): Error {
  return new Error(`"${text}" is not a ${field.name} of a schedule.`);
}
