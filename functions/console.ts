import { join } from "node:path";
import { app } from "@azure/functions";
import type { Config } from "../shared/config.ts";
import { chooseEncoding, readConsoleFiles } from "../shared/console-files.ts";
import { consoleHeaders } from "../shared/console-headers.ts";
import { type Endpoint, publicEndpoint } from "../shared/endpoint.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { json } from "../shared/http/response.ts";
import type { ConsoleSettings } from "../shared/model/console-settings.ts";
import { isLoopback } from "../shared/model/loopback.ts";
import { PublicError } from "../shared/request/public-error.ts";
import { CONSOLE_ASSET_MAX_AGE_SECONDS } from "../shared/request/time-limits.ts";

/** `GET /console/…`: the admin page, its files, and its settings. They are public: the admin API authorizes each request of the page. */
export function adminPage(folder: string): Endpoint {
  /** Read at the first request, since an instance that only issues tokens needs no files. */
  let files: ReturnType<typeof readConsoleFiles> | undefined;
  return async (request, { config }) => {
    requireMethod(request, "GET", "HEAD");
    const settings = consoleSettings(config);
    if (!settings) throw notFound("There is no admin page here: the setting CONSOLE_CLIENT_ID turns it on.");
    const path = request.params.path || "index.html";
    if (path === "config.json") return json(200, settings);

    files ??= readConsoleFiles(folder);
    const file = (await files).get(path);
    if (!file) throw notFound("The admin page has no such file: it is at /console/.");

    const encoding = chooseEncoding(file, request.headers.get("accept-encoding"));
    return {
      status: 200,
      headers: {
        ...consoleHeaders(config),
        "Content-Type": file.mediaType,
        ...(encoding && { "Content-Encoding": encoding }),
        Vary: "Accept-Encoding",
        "Cache-Control": path.startsWith("assets/")
          ? `public, max-age=${CONSOLE_ASSET_MAX_AGE_SECONDS}, immutable`
          : "no-store",
      },
      body: (encoding && file.compressed[encoding]) ?? file.body,
    };
  };
}

function consoleSettings({ admin, consoleClientId, tokenIssuer, tokenLifetimeSeconds }: Config) {
  if (!consoleClientId) return undefined;
  return {
    sign_in: isLoopback(admin.issuer) ? "local" : "entra",
    issuer: admin.issuer,
    client_id: consoleClientId,
    scope: `${admin.audience}/${admin.scope}`,
    token_endpoint: `${tokenIssuer}/oauth/token`,
    token_lifetime_seconds: tokenLifetimeSeconds,
  } satisfies ConsoleSettings;
}

function notFound(detail: string): PublicError {
  return new PublicError(404, { detail, reason: "no_such_page" });
}

app.http("console", {
  methods: methodsExcept(),
  route: "console/{*path}",
  // The page lies beside the bundle (build.ts).
  handler: publicEndpoint(adminPage(join(import.meta.dirname, "console"))),
});
