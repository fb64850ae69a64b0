import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import type { Certificate } from "../azure/certificate.ts";
import { type Identity, TENANT_ID } from "../azure/identity.ts";
import { close, HttpError, listen, readJson, respond } from "../server/http-server.ts";
import { vaultError } from "./vault-error.ts";
import { openJournal } from "./vault-journal.ts";
import { generateKey, type Key, keyOperations } from "./vault-keys.ts";
import { type Change, VaultObjects } from "./vault-objects.ts";
import { type Secret, secretOperations } from "./vault-secrets.ts";
import type { VaultOperations } from "./vault-wire.ts";

// The vault emulator is a Key Vault that the SDK's clients cannot tell from Azure's, as far as the service, its commands and its tests
// use one. Microsoft has no emulator of Key Vault, and a fake in memory would leave the SDKs, TLS, the authentication challenge and the
// paging of lists untested. So it answers over HTTPS, checks the token of every request, and refuses with Key Vault's own error bodies.
// A journal on disk (vault-journal.ts) keeps the data of `npm start`. The rules of versions (vault-objects.ts) are the same for secrets
// and keys, which differ in their operations (vault-secrets.ts, vault-keys.ts).

const RESOURCE = "https://vault.azure.net";
const ACTIONS = new Set(["versions", "create", "rotate", "sign"]);

/** A running vault emulator. */
export interface KeyVault {
  readonly url: string;
  /** Creates an RSA 2048 key with this name unless one exists. */
  ensureKey(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Options of a vault. Without `dir` its data is in memory. `clock` returns the time of changes in milliseconds. `admit` is called before
 * each operation, such as `POST keys name sign`, and throws an `HttpError` to refuse it.
 */
export interface KeyVaultOptions {
  readonly certificate: Certificate;
  readonly identity: Identity;
  readonly dir?: string | undefined;
  readonly port?: number | undefined;
  readonly clock?: (() => number) | undefined;
  readonly admit?: ((operation: string) => void) | undefined;
}

type Line = ({ readonly kind: "secret" } & Change<Secret>) | ({ readonly kind: "key" } & Change<Key>);

/** Starts a vault emulator for secrets and for RSA keys that sign with RS256. */
export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { certificate, identity, dir, port, clock = Date.now, admit } = options;
  const secrets = new VaultObjects<Secret>("secret", clock, () => journal);
  const keys = new VaultObjects<Key>("key", clock, () => journal);
  const journal = openJournal<Line>(dir && join(dir, "journal.jsonl"), (line) =>
    line.kind === "secret" ? secrets.apply(line) : keys.apply(line),
  );
  const operations = { ...secretOperations(secrets), ...keyOperations(keys) };

  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) =>
    respond(response, () => {
      authenticate(request, identity);
      return answer(request, operations, admit);
    }),
  );
  const url = `https://127.0.0.1:${await listen(server, port)}`;
  return {
    url,
    ensureKey: async (name) => {
      if (!keys.has(name)) keys.add(name, await generateKey(2048));
    },
    close: async () => {
      await close(server);
      journal.close();
    },
  };
}

/** Accepts a token for Key Vault. The first request of a client has none: the challenge names the resource that the token must be for. */
function authenticate(request: IncomingMessage, identity: Identity): void {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme === "Bearer" && token && identity.accepts(token, RESOURCE)) return;
  const message = token ? "AKV10022: Invalid token." : "AKV10000: Request is missing a Bearer or PoP token.";
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${TENANT_ID}", resource="${RESOURCE}"`;
  throw new HttpError(401, { error: { code: "Unauthorized", message } }, { "www-authenticate": challenge });
}

async function answer(
  request: IncomingMessage,
  operations: VaultOperations,
  admit: KeyVaultOptions["admit"],
): Promise<unknown> {
  // Not a URL object: it would resolve dot segments, which Key Vault refuses as names. The SDKs send "no version" as an empty segment.
  const [path = "", search] = (request.url ?? "").split("?", 2);
  const [collection, name, ...rest] = path.split("/").filter((segment) => segment !== "");
  const query = new URLSearchParams(search);
  if (!query.has("api-version")) throw vaultError(400, "BadParameter", "api-version must be specified.");
  if (name !== undefined && !/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    throw vaultError(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
  }
  const action = rest.find((segment) => ACTIONS.has(segment));
  const version = rest.find((segment) => segment !== action);
  const operationName = [request.method, collection, name && "name", action].filter(Boolean).join(" ");
  const operation = operations[operationName];
  if (!operation) throw vaultError(404, "NotFound", "The vault has no such operation.");
  admit?.(operationName);
  const body = request.method === "GET" ? {} : await readJson(request);
  return operation({ body, query, base: `https://${request.headers.host}`, name: name ?? "", version });
}
