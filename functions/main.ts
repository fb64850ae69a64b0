/** The entry point of the deployed bundle: each file registers its function when it is imported. */
import { app } from "@azure/functions";
import { start, stop } from "../shared/services.ts";
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

// Without streaming the host passes chunked bodies on as empty ones.
app.setup({ enableHttpStream: true });

app.hook.appStart(start);
app.hook.appTerminate(stop);
