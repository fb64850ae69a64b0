/** The entry point of the deployed bundle. The import of a file registers its function. */
import { app } from "@azure/functions";
// biome-ignore lint/correctness/noUndeclaredDependencies: the Functions worker brings it.
import * as core from "@azure/functions-core";
import { productionServices } from "../shared/production.ts";
import { provideServices, start, stop } from "../shared/services.ts";
import { serveForwardedRequests } from "../shared/worker/worker-http.ts";
import "./console.ts";
import "./create.ts";
import "./disable.ts";
import "./get.ts";
import "./health.ts";
import "./jwks.ts";
import "./list.ts";
import "./metadata.ts";
import "./regenerate.ts";
import "./sweep.ts";
import "./token.ts";

serveForwardedRequests(core);
provideServices(productionServices);

app.hook.appStart(start);
app.hook.appTerminate(stop);
