/** One event, as members of one JSON line. Text in it may come from outside only after validation. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/** The levels of the Functions host that we use. */
export type LogLevel = "info" | "warn" | "error";

/** Where lines go: the invocation context of a request, or the console for what happens outside of one. */
export type LogSink = Record<LogLevel, (line: string) => void>;

/** Writes one event as one line of JSON: what JSON leaves bare of the characters that some readers take for a line's end is escaped. */
export function logLine(sink: LogSink, level: LogLevel, time: Date, fields: LogFields): void {
  const line = JSON.stringify({ time: time.toISOString(), level, ...fields });
  sink[level](
    line.replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

/** The trace of an unexpected error without its message, which may quote input. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { message, stack = "" } = error;
  // The message stands before the frames and may itself have lines that look like one.
  const end = stack.indexOf(message);
  const trace = end < 0 ? "" : stack.slice(end + message.length);
  const frames = trace.split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((line) => line.trim())].join(" ");
}
