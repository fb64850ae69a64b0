import type { Service } from "../../local/host/service.ts";

/** What the local host says of each request, as a web server's access log does: method, path, status, time. */
const ACCESS_LINE = /^[A-Z]+ \S* (\d{3}|aborted) \d+ ms$/;

/** TestService that the service wrote, without the access log of the local host, which is no part of it. */
export function logOf({ lines }: Pick<Service, "lines">): string[] {
  return lines.filter((line) => !ACCESS_LINE.test(line));
}
