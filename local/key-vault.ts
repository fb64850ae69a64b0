import {
  constants,
  createPrivateKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  privateEncrypt,
} from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Certificate } from "./certificate.ts";
import { close, HttpError, listen, readJson, sendJson } from "./http-server.ts";
import { type Identity, TENANT_ID } from "./identity.ts";
import { openJournal } from "./vault-journal.ts";
import {
  attributesFrom,
  attributesOf,
  type Change,
  pageOf,
  VaultObjects,
  type Version,
  vaultError,
} from "./vault-objects.ts";

const RESOURCE = "https://vault.azure.net";
const MAX_SECRET_LENGTH = 25_600;
/** DER of a `DigestInfo` of SHA-256 up to the digest itself (RFC 8017 §9.2). */
const SHA256_DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

interface Secret {
  readonly value: string;
  readonly contentType?: string;
}

interface Key {
  readonly jwk: JsonWebKey;
  readonly size: number;
}

/** A running vault. */
export interface KeyVault {
  readonly url: string;
  /** Creates an RSA 2048 key of that name unless there is one. */
  ensureKey(name: string): Promise<void>;
  close(): Promise<void>;
}

/** How to start a vault: in memory without `dir`; `clock` returns milliseconds and dates what is created. */
export interface KeyVaultOptions {
  readonly certificate: Certificate;
  readonly identity: Identity;
  readonly dir?: string | undefined;
  readonly port?: number | undefined;
  readonly clock?: (() => number) | undefined;
}

interface Call {
  readonly body: Record<string, unknown>;
  readonly query: URLSearchParams;
  readonly base: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** Starts a Key Vault that the real SDK clients talk to: secrets, and RSA keys that sign with RS256. */
export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { certificate, identity, dir, port, clock = Date.now } = options;
  const secrets = new VaultObjects<Secret>("Secret", clock, () => journal);
  const keys = new VaultObjects<Key>("Key", clock, () => journal);
  type Line = ({ kind: "Secret" } & Change<Secret>) | ({ kind: "Key" } & Change<Key>);
  const journal = openJournal<Line>(dir && join(dir, "journal.jsonl"), (line) =>
    line.kind === "Secret" ? secrets.apply(line) : keys.apply(line),
  );
  const operations = { ...secretOperations(secrets), ...keyOperations(keys) };

  async function answer(request: IncomingMessage): Promise<{ status: number; body?: unknown }> {
    const base = `https://${request.headers.host}`;
    // Not a URL object, which would resolve dots and decode nothing: Key Vault refuses such names.
    const [path = "", search] = (request.url ?? "").split("?", 2);
    const query = new URLSearchParams(search);
    const [collection = "", name, ...rest] = path.split("/").filter((segment) => segment !== "");
    authenticate(request, identity);
    if (!query.has("api-version")) throw vaultError(400, "BadParameter", "api-version must be specified.");
    if (name !== undefined && !/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
      throw vaultError(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
    }
    const action = rest.find((segment) => segment in ACTIONS);
    const version = rest.find((segment) => segment !== action);
    const operation = operations[[request.method, collection, name && "name", action].filter(Boolean).join(" ")];
    if (!operation) throw vaultError(404, "NotFound", "There is nothing at this address.");
    const body = request.method === "GET" ? {} : await readJson(request);
    const result = await operation({ body, query, base, name: name ?? "", version });
    return result === undefined ? { status: 204 } : { status: 200, body: result };
  }

  const server = createServer({ cert: certificate.cert, key: certificate.key }, async (request, response) => {
    try {
      const { status, body } = await answer(request);
      if (body === undefined) response.writeHead(status).end();
      else sendJson(response, status, body, { "cache-control": "no-cache" });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      request.resume();
      sendJson(response, error.status, error.body, error.headers);
    }
  });
  const url = `https://127.0.0.1:${await listen(server, port)}`;
  return {
    url,
    ensureKey: async (name) => {
      if (!keys.has(name)) keys.add(name, await newKey(2048), {});
    },
    close: async () => {
      await close(server);
      journal.close();
    },
  };
}

const ACTIONS = { versions: true, create: true, rotate: true, sign: true };

type Operations = Record<string, (call: Call) => unknown>;

/** Every client asks first without a token to learn which one it needs. */
function authenticate(request: IncomingMessage, identity: Identity): void {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme === "Bearer" && token && identity.accepts(token, RESOURCE)) return;
  const message = token ? "AKV10022: Invalid token." : "AKV10000: Request is missing a Bearer or PoP token.";
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${TENANT_ID}", resource="${RESOURCE}"`;
  throw new HttpError(401, { error: { code: "Unauthorized", message } }, { "www-authenticate": challenge });
}

function secretOperations(secrets: VaultObjects<Secret>): Operations {
  const properties = (id: string, found: Version<Secret>) => ({
    id,
    contentType: found.content.contentType,
    attributes: attributesOf(found),
    tags: found.tags,
  });
  const bundle = ({ base, name }: Call, found: Version<Secret>) => ({
    value: found.content.value,
    ...properties(`${base}/secrets/${name}/${found.version}`, found),
  });
  const deletedBundle = (call: Call) => {
    const { newest, ...dates } = secrets.deleted(call.name);
    const recoveryId = `${call.base}/deletedsecrets/${call.name}`;
    return { ...properties(`${call.base}/secrets/${call.name}/${newest.version}`, newest), recoveryId, ...dates };
  };
  return {
    "GET secrets": ({ base, query }) =>
      page(
        `${base}/secrets`,
        query,
        ({ from, size }) => secrets.list(from, size),
        ({ name, newest }) => properties(`${base}/secrets/${name}`, newest),
      ),
    "GET secrets name": (call) => bundle(call, secrets.usable(call.name, call.version, "get")),
    "GET secrets name versions": ({ base, query, name }) =>
      page(
        `${base}/secrets/${name}/versions`,
        query,
        ({ from, size }) => secrets.versions(name, from, size),
        (found) => properties(`${base}/secrets/${name}/${found.version}`, found),
      ),
    "PUT secrets name": (call) => {
      const { value, contentType } = call.body;
      if (typeof value !== "string" || value.length > MAX_SECRET_LENGTH) {
        throw vaultError(
          400,
          "BadParameter",
          `Property value must be a string of at most ${MAX_SECRET_LENGTH} characters.`,
        );
      }
      const content = { value, ...(typeof contentType === "string" && { contentType }) };
      return bundle(call, secrets.add(call.name, content, attributesFrom(call.body)));
    },
    "PATCH secrets name": ({ base, name, version, body }) => {
      const updated = secrets.update(name, version, attributesFrom(body));
      return properties(`${base}/secrets/${name}/${updated.version}`, updated);
    },
    "DELETE secrets name": (call) => {
      secrets.delete(call.name);
      return deletedBundle(call);
    },
    "GET deletedsecrets name": deletedBundle,
    "DELETE deletedsecrets name": ({ name }) => secrets.purge(name),
  };
}

function keyOperations(keys: VaultObjects<Key>): Operations {
  const privateKeys = new WeakMap<Key, KeyObject>();
  const privateKeyOf = (key: Key) => {
    const known = privateKeys.get(key) ?? createPrivateKey({ key: key.jwk, format: "jwk" });
    privateKeys.set(key, known);
    return known;
  };
  const kidOf = ({ base, name }: Call, version: string) => `${base}/keys/${name}/${version}`;
  const bundle = (call: Call, found: Version<Key>) => {
    const { n, e } = found.content.jwk;
    return {
      key: { kid: kidOf(call, found.version), kty: "RSA", key_ops: ["sign", "verify"], n, e },
      attributes: attributesOf(found),
      tags: found.tags,
    };
  };
  return {
    "GET keys": ({ base, query }) =>
      page(
        `${base}/keys`,
        query,
        ({ from, size }) => keys.list(from, size),
        ({ name, newest }) => ({
          kid: `${base}/keys/${name}`,
          attributes: attributesOf(newest),
          tags: newest.tags,
        }),
      ),
    "GET keys name": (call) => bundle(call, keys.usable(call.name, call.version, "get")),
    "GET keys name versions": (call) =>
      page(
        `${call.base}/keys/${call.name}/versions`,
        call.query,
        ({ from, size }) => keys.versions(call.name, from, size),
        (found) => ({
          kid: kidOf(call, found.version),
          attributes: attributesOf(found),
          tags: found.tags,
        }),
      ),
    "POST keys name create": async (call) => {
      const { kty, key_size: size = 2048 } = call.body;
      if (kty !== "RSA" || !(size === 2048 || size === 3072 || size === 4096)) {
        throw vaultError(400, "BadParameter", "This vault makes RSA keys of 2048, 3072 and 4096 bits only.");
      }
      return bundle(call, keys.add(call.name, await newKey(size), attributesFrom(call.body)));
    },
    "POST keys name rotate": async (call) => {
      const { content } = keys.get(call.name, undefined);
      return bundle(call, keys.add(call.name, await newKey(content.size), {}));
    },
    "PATCH keys name": (call) => bundle(call, keys.update(call.name, call.version, attributesFrom(call.body))),
    "POST keys name sign": (call) => {
      const { alg, value } = call.body;
      // Looked up first, so that with no version in the address the answer names the one that signed.
      const found = keys.usable(call.name, call.version, "sign");
      const digest = Buffer.from(String(value), "base64url");
      if (alg !== "RS256") throw vaultError(400, "BadParameter", `The algorithm ${alg} is not supported for this key.`);
      if (digest.length !== 32) {
        throw vaultError(
          400,
          "BadParameter",
          `Invalid length of 'value': ${digest.length} bytes. RS256 requires 32 bytes.`,
        );
      }
      // 0.3 ms. Node has no asynchronous call that signs a digest, and a thread would cost more than it saves.
      const padding = constants.RSA_PKCS1_PADDING;
      const signature = privateEncrypt(
        { key: privateKeyOf(found.content), padding },
        Buffer.concat([SHA256_DIGEST_INFO, digest]),
      );
      return { kid: kidOf(call, found.version), value: signature.toString("base64url") };
    },
  };
}

async function newKey(size: number): Promise<Key> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: size });
  return { jwk: privateKey.export({ format: "jwk" }), size };
}

/** A page of a listing as Key Vault writes it; the address of the next one is built from the request's own host. */
function page<Item>(
  address: string,
  query: URLSearchParams,
  read: (page: { from: number; size: number }) => { items: Item[]; next: number | undefined },
  write: (item: Item) => object,
): object {
  const asked = pageOf(query);
  const { items, next } = read(asked);
  const nextQuery = new URLSearchParams(query);
  if (next !== undefined) nextQuery.set("$skiptoken", String(next));
  return { value: items.map(write), nextLink: next === undefined ? null : `${address}?${nextQuery}` };
}
