/** The fields of one log line. Input may appear in them only after validation. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/** The log levels in use, a subset of those of the Functions host. */
export type LogLevel = "info" | "warn" | "error";

/** The destination of log lines: the invocation context of a request, or the console outside of one. */
export type LogSink = Record<LogLevel, (line: string) => void>;

/** Writes one line of JSON. Characters that some log readers treat as a line end are escaped, since JSON does not require it. */
export function logLine(sink: LogSink, level: LogLevel, time: Date, fields: LogFields): void {
  const line = JSON.stringify({ time: time.toISOString(), level, ...fields });
  sink[level](
    line.replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

/** Returns name and stack of an error without its message, which may quote input. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { message, stack = "" } = error;
  // The message precedes the frames, and a line of it may look like a frame.
  const end = stack.indexOf(message);
  const trace = end < 0 ? "" : stack.slice(end + message.length);
  const frames = trace.split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((line) => line.trim())].join(" ");
}
