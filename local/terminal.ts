import { join, resolve } from "node:path";
import { styleText } from "node:util";
import { z } from "zod";
import type { RunningStack } from "./running-stack.ts";

type Style = Parameters<typeof styleText>[0];

// `styleText` omits colours when standard output is not a terminal or NO_COLOR is set.
const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });
const title = (text: string, aside: string) => `  ${styled(["bold", "green"], text)}  ${styled("dim", aside)}`;
const heading = (text: string, aside = "") => `  ${styled("bold", text)}${aside && `  ${styled("dim", aside)}`}`;
const row = (name: string, value: string) => `    ${styled("dim", name.padEnd(15))}${value}`;

const INDENT = " ".repeat(6);
/** The longest lead that the start check refuses for a public issuer: see `leadFaults` in `shared/config.ts`. */
const SHORT_LEAD_SECONDS = 46_020;
const REQUEST_LINE = /^(?<method>[A-Z]+) (?<path>\S*) (?<status>\d{3}|aborted) (?<duration>\d+ ms)$/;

const eventSchema = z.object({
  event: z.string(),
  outcome: z.string().optional(),
  alarm: z.string().optional(),
  reason: z.string(),
  client_id: z.string().optional(),
});

/** Formats the host's log line of a request, with the status first. Returns `undefined` for any other line. */
export function requestLine(line: string): string | undefined {
  const { method = "", path, status, duration = "" } = REQUEST_LINE.exec(line)?.groups ?? {};
  if (status === undefined) return undefined;
  return `  ${styled(styleOf(status), status)} ${method.padEnd(6)} ${path}  ${styled("dim", duration)}`;
}

/** Formats a warning of the service; an event in JSON is shortened to its event, its outcome or alarm, and the reason. */
export function warningLine(line: string): string {
  return INDENT + styled("yellow", shortened(line));
}

/** Returns the fault of the settings in a log line of the service, or `undefined` for any other line. */
export function settingsFault(line: string): string | undefined {
  if (!line.startsWith("{")) return undefined;
  const { data } = eventSchema.safeParse(JSON.parse(line));
  return data?.event === "start" && data.outcome === "failed" ? data.reason : undefined;
}

/** The text that `npm start` prints when the service is ready. */
export function welcome(
  parts: RunningStack,
  { dir, token, leadSeconds, milliseconds }: { dir: string; token: string; leadSeconds: number; milliseconds: number },
): string {
  const { url, hostUrl = "", hostKey = "" } = parts;
  return `
${title("SoCMate API clients", `ready after ${(milliseconds / 1000).toFixed(1)} s, Ctrl-C stops everything`)}

${row("Service", `${styled("bold", url)} ${styled("dim", "a page with what is where")}`)}
${row("Admin page", styled("bold", `${url}/console/`))}
${row("Example API", `${url}/api/v1/search ${styled("dim", "takes access tokens with the scope search:read")}`)}
${row("Functions host", `${hostUrl} ${styled("dim", "without the gateway; it requires this header")}`)}
${row("", `x-functions-key: ${hostKey}`)}
${rows(parts, dir)}
${row("Log", join(dir, "service.log"))}
${leadWarning(leadSeconds)}
${heading("Admin token", "for one hour; another one: npm run --silent admin-token")}

${styled("dim", token)}

${heading("1. Create a client")}

curl -X POST ${url}/api/admin/api-clients \\
  -H "Authorization: Bearer $(cat '${resolve(dir, "admin-token")}')" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "XSOAR Production", "scopes": ["incidents:read", "search:read"]}'

${heading("2. Get a token", "with the client_id and client_secret of the answer")}

curl -X POST ${url}/oauth/token -d grant_type=client_credentials \\
  -d client_id=... -d client_secret=...

${heading("3. Use it", "with the access_token of the answer")}

curl "${url}/api/v1/search?q=phishing" -H "Authorization: Bearer ..."

${heading("Requests", "one line each")}
`;
}

/** The text that `npm run stand-ins` prints when the emulators are ready. */
export function welcomeEmulators(parts: RunningStack, { dir, blobsUrl }: { dir: string; blobsUrl: string }): string {
  return `
${title("Emulators of Azure", "ready, Ctrl-C stops them")}

${rows(parts, dir)}
${row("Blob storage", `${blobsUrl} ${styled("dim", "AzureWebJobsStorage, for the host itself")}`)}

${heading("Run the service on them", "with Azure Functions Core Tools and the local.settings.json just written")}

npm run build && func start
`;
}

/** Says what real verifiers do when a new key signs before they fetch the key set again. Empty for a lead that is long enough. */
function leadWarning(leadSeconds: number): string {
  if (leadSeconds > SHORT_LEAD_SECONDS) return "";
  return `
${heading("Signing keys", `a new key signs after ${leadSeconds} s; see Verifiers in docs/keys.md`)}

    Real verifiers do not follow the JWKS's max-age and keep keys for longer. With default settings ASP.NET Core
    refuses tokens of a new key for up to 5 minutes, jose for up to 30 seconds; jwks-rsa and PyJWT fetch it at once.
    A public issuer needs a lead of more than ${SHORT_LEAD_SECONDS} s.
`;
}

function rows(parts: RunningStack, dir: string): string {
  return [
    row("Table storage", parts.tablesUrl),
    row("Key Vault", `${parts.secretsVaultUrl} ${styled("dim", "secrets")}`),
    row("", `${parts.signingVaultUrls} ${styled("dim", "signing key")}`),
    row("Identity", parts.identityEndpoint),
    row("Admin issuer", parts.adminIssuer),
    row("Data", `${dir} ${styled("dim", "clients survive a restart; delete the folder to start empty")}`),
  ].join("\n");
}

function shortened(line: string): string {
  if (!line.startsWith("{")) return line;
  const { data } = eventSchema.safeParse(JSON.parse(line));
  if (!data) return line;
  const { event, alarm, outcome = `alarm ${alarm}`, reason, client_id: clientId } = data;
  return `${event} ${outcome}: ${reason}${clientId === undefined ? "" : ` (${clientId})`}`;
}

function styleOf(status: string): Style {
  if (status < "300") return "green";
  if (status < "400") return "cyan";
  return status < "500" ? "yellow" : "red";
}
