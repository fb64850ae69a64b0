import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build as bundle, type Plugin } from "esbuild";
import { build as buildPage } from "vite";

/** What is deployed: the files that Azure Functions loads, and nothing to install, to build or to leave out. */
const APP_DIR = "dist/app";
/** The entry point of the app. */
const MAIN = "functions.cjs";

// Vite builds for what this says, whatever else it is told.
process.env.NODE_ENV = "production";

await mkdir("dist", { recursive: true });
const newDir = await mkdtemp(join(import.meta.dirname, "dist/new-"));
try {
  await Promise.all([buildFunctions(), buildConsole(), writeManifests()]);
  if (process.env.npm_lifecycle_event === "build") await reportSize();
  await mkdir("dist/maps", { recursive: true });
  await rename(join(newDir, `${MAIN}.map`), `dist/maps/${MAIN}.map`);
  await publish();
} finally {
  await rm(newDir, { recursive: true });
}

/**
 * Bundles `functions/` into the one CommonJS file that the Functions worker loads.
 * Unbundled, the Azure SDKs cost over a second of cold start; `@azure/functions-core` exists only inside the Functions worker.
 */
async function buildFunctions(): Promise<void> {
  await bundle({
    entryPoints: ["functions/main.ts"],
    outfile: join(newDir, MAIN),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    // Identifiers stay, for traces in the log. `keepNames` would keep them as well, at a call for each closure made: 5 % of a token.
    minifyWhitespace: true,
    minifySyntax: true,
    // For debuggers of `npm start`: outside of the package, and as deep as it.
    sourcemap: "external",
    sourcesContent: false,
    footer: { js: `//# sourceMappingURL=../maps/${MAIN}.map` },
    // The page is found beside the bundle; CommonJS has no import.meta.
    define: { "import.meta.dirname": "__dirname" },
    external: ["@azure/functions-core"],
    plugins: [withoutUnusedUndici()],
    logLevel: "warning",
  });
}

/** Writes what the Functions host and its worker read: `host.json`, and a `package.json` that names the entry point alone. */
async function writeManifests(): Promise<void> {
  const { name, version } = JSON.parse(await readFile("package.json", "utf8"));
  const manifest = { name, version, private: true, main: MAIN };
  await Promise.all([
    cp("host.json", join(newDir, "host.json")),
    writeFile(join(newDir, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`),
  ]);
}

/**
 * Moves the new files to their place one by one: whoever reads the folder meanwhile, another build or azd among them, finds each file whole.
 * Files of the page have a hash in their names, so that those of an earlier build are left over.
 */
async function publish(): Promise<void> {
  const files = await filesIn(newDir);
  for (const file of files) {
    await mkdir(dirname(join(APP_DIR, file)), { recursive: true });
    await rename(join(newDir, file), join(APP_DIR, file));
  }
  const leftOver = (await filesIn(APP_DIR)).filter((file) => file.startsWith("console") && !files.includes(file));
  for (const file of leftOver) await rm(join(APP_DIR, file), { force: true });
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(dir, join(parentPath, name)));
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
      outDir: join(newDir, "console"),
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

  await Promise.all((await filesIn(newDir)).map((file) => compress(join(newDir, file))));
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
  const files = await filesIn(newDir);
  const kilobytes = async (ending: string) => {
    const compressed = files.filter((path) => path.endsWith(ending));
    const sizes = await Promise.all(compressed.map(async (path) => (await stat(join(newDir, path))).size));
    return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1000);
  };
  console.log(
    `First view of the admin page: ${await kilobytes(".br")} KB with Brotli, ${await kilobytes(".gz")} KB with gzip`,
  );
}
