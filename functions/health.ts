import { app } from "@azure/functions";
import { type Endpoint, publicEndpoint } from "../shared/endpoint.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { json } from "../shared/http/response.ts";
import { HEALTH_RETRY_AFTER_SECONDS } from "../shared/request/time-limits.ts";

/** `GET /health`: reports whether the service can issue tokens, and the state of each part. */
export const health: Endpoint = async (request, services) => {
  requireMethod(request, "GET", "HEAD");
  const { signing_vaults: signingVaults, ...parts } = await services.health.report();
  const healthy = Object.values(parts).every((state) => state === "ok");
  return json(
    healthy ? 200 : 503,
    { status: healthy ? "ok" : "unavailable", ...parts, signing_vaults: signingVaults },
    healthy ? {} : { "Retry-After": String(HEALTH_RETRY_AFTER_SECONDS) },
  );
};

app.http("health", { methods: methodsExcept(), route: "health", handler: publicEndpoint(health) });
