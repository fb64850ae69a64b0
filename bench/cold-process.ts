import { start } from "./competitors/service-in-host.ts";

// A fresh instance of the service. The parent process requests a token from it.
const [bundle] = process.argv.slice(2);
const startedAt = performance.now();
const url = await start(bundle);
process.on("disconnect", () => process.exit());
process.send?.({ url, loadMs: performance.now() - startedAt });
