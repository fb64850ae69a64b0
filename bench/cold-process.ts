import { serveToken } from "./serve-token.ts";

// An instance that has just started. The parent asks it for a token as soon as it is there.
const [bundle = ""] = process.argv.slice(2);
const startedAt = performance.now();
const url = await serveToken(bundle);
process.on("disconnect", () => process.exit());
process.send?.({ url, loadMs: performance.now() - startedAt });
