import { start } from "./contestants/service-in-host.ts";

// An instance that has just started. The parent asks it for a token.
const [bundle] = process.argv.slice(2);
const startedAt = performance.now();
const url = await start(bundle);
process.on("disconnect", () => process.exit());
process.send?.({ url, loadMs: performance.now() - startedAt });
