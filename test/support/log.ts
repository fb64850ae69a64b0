import type { Service } from "../../local/host/service.ts";

/** A line of the local host's access log: method, path, status, time. */
const ACCESS_LINE = /^[A-Z]+ \S* (\d{3}|aborted) \d+ ms$/;

/** Returns the log lines of the service without the access log of the local host. */
export function logOf({ lines }: Pick<Service, "lines">): string[] {
  return lines.filter((line) => !ACCESS_LINE.test(line));
}
