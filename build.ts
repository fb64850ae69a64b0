import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build as bundle, type Plugin } from "esbuild";
import { build as buildPage } from "vite";

const CONSOLE_DIR = "dist/console";

// Vite builds for what this says, whatever else it is told.
process.env.NODE_ENV = "production";

await rm("dist", { recursive: true, force: true });
await Promise.all([buildFunctions(), buildConsole()]);
if (process.env.npm_lifecycle_event === "build") await reportSize();

/**
 * Bundles `functions/` into the one CommonJS file that `main` of package.json names and that is deployed.
 * Unbundled, the Azure SDKs cost over a second of cold start; `@azure/functions-core` exists only inside the Functions worker.
 */
async function buildFunctions(): Promise<void> {
  await bundle({
    entryPoints: ["functions/main.ts"],
    outfile: "dist/functions.cjs",
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    // Identifiers stay, for traces in the log. `keepNames` would keep them as well, at a call for each closure made: 5 % of a token.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    // The page is found beside the bundle; CommonJS has no import.meta.
    define: { "import.meta.dirname": "__dirname" },
    external: ["@azure/functions-core"],
    plugins: [withoutUnusedUndici()],
    logLevel: "warning",
  });
}

/**
 * Leaves out what undici loads only for `fetch`, form data and its experimental parser: 220 KB that a call with a text for a body never
 * reaches. A call that does would throw the sentence below.
 */
function withoutUnusedUndici(): Plugin {
  return {
    name: "without-unused-undici",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /(^|\/)(web|milo)\// }, ({ importer, path }) =>
        /node_modules\/undici\/lib\/(core|dispatcher)\//.test(importer) ? { path, namespace: "left-out" } : undefined,
      );
      onLoad({ filter: /.*/, namespace: "left-out" }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`undici's ${path} is not in the bundle: see build.ts.`)});`,
      }));
    },
  };
}

/** Builds the admin page, which the function `console` serves from memory: whole, and compressed beforehand. */
async function buildConsole(): Promise<void> {
  await buildPage({
    configFile: false,
    root: "console",
    base: "/console/",
    logLevel: "warn",
    build: {
      outDir: join(import.meta.dirname, CONSOLE_DIR),
      emptyOutDir: true,
      // A file of its own for everything: the page's policy allows no data: URL.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      license: { fileName: "licenses.md" },
      reportCompressedSize: false,
      // Compressed it is a quarter; a test holds it to its budget.
      chunkSizeWarningLimit: 1000,
      rolldownOptions: {
        // "use client" means something to React servers alone.
        onLog: (level, log, report) => log.code === "MODULE_LEVEL_DIRECTIVE" || report(level, log),
      },
    },
  });

  const files = await readdir(CONSOLE_DIR, { recursive: true, withFileTypes: true });
  await Promise.all(
    files.filter((file) => file.isFile()).map(({ parentPath, name }) => compress(join(parentPath, name))),
  );
}

async function compress(path: string): Promise<void> {
  if (![".css", ".html", ".js", ".svg"].includes(extname(path))) return;
  const body = await readFile(path);
  // The best takes six times as long for 8 % less.
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY - 2 };
  await Promise.all([
    writeFile(`${path}.br`, await promisify(brotliCompress)(body, { params })),
    writeFile(`${path}.gz`, await promisify(gzip)(body, { level: constants.Z_BEST_COMPRESSION })),
  ]);
}

/** Says how much a browser loads before an administrator sees the clients, sign-in with Entra ID included; a test has the budget. */
async function reportSize(): Promise<void> {
  const files = await readdir(CONSOLE_DIR, { recursive: true });
  const kilobytes = async (ending: string) => {
    const compressed = files.filter((path) => path.endsWith(ending));
    const sizes = await Promise.all(compressed.map(async (path) => (await stat(join(CONSOLE_DIR, path))).size));
    return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1000);
  };
  console.log(
    `First view of the admin page: ${await kilobytes(".br")} KB with Brotli, ${await kilobytes(".gz")} KB with gzip`,
  );
}
