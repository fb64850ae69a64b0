import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Styles text where standard output is a terminal that shows colours. */
export const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });

const REQUEST_LINE = /^([A-Z]+) (\S*) (\d{3}|aborted) (\d+ ms)$/;

/** The host's line about a request with its status first and in colour; `undefined` for any other line. */
export function requestLine(line: string): string | undefined {
  const [, method = "", path = "", status = "", duration = ""] = REQUEST_LINE.exec(line) ?? [];
  if (!status) return undefined;
  return `  ${styled(statusColour(status), status.padEnd(7))} ${method.padEnd(6)} ${path}  ${styled("dim", duration)}`;
}

function statusColour(status: string): Style {
  if (status < "300") return "green";
  if (status < "400") return "cyan";
  return status < "500" ? "yellow" : "red";
}
