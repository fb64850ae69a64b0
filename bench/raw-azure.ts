import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Pool } from "undici";

/** The columns of a client's row that a token needs. */
export interface Row {
  PartitionKey: string;
  status: string;
  scopes: string;
  secretName: string;
}

/** A signing key in Key Vault. */
export interface RawKey {
  kid: string;
  n: string;
  e: string;
  publicKey: KeyObject;
  /** Signs a SHA-256 digest with RS256. */
  sign(digest: Buffer): Promise<Buffer>;
}

/** Table Storage and Key Vault over plain HTTP: the least cost of a table read, a secret read and a signature. */
export interface RawAzure {
  row(clientId: string): Promise<Row | undefined>;
  insertRow(row: Record<string, string>): Promise<void>;
  secretHash(secretName: string): Promise<string>;
  key: RawKey;
}

type Settings = Readonly<Record<string, string | undefined>>;

/** Connects by the settings of the service. */
export async function connectRawAzure(settings: Settings): Promise<RawAzure> {
  const setting = (name: string) => settings[name] ?? "";
  const tablesUrl = new URL(setting("TABLES_URL"));
  const pool = { connections: 64, connect: { ca: await readFile(setting("NODE_EXTRA_CA_CERTS"), "utf8") } };
  const tables = new Pool(tablesUrl.origin, pool);
  const secrets = new Pool(setting("SECRETS_VAULT_URL"), pool);
  const vault = new Pool(setting("SIGNING_VAULT_URLS"), pool);
  const [tableToken, vaultToken] = await Promise.all([
    identityToken(settings, "https://storage.azure.com"),
    identityToken(settings, "https://vault.azure.net"),
  ]);
  const tableHeaders = {
    authorization: `Bearer ${tableToken}`,
    accept: "application/json;odata=nometadata",
    "x-ms-version": "2019-02-02",
    dataserviceversion: "3.0",
  };
  const vaultHeaders = { authorization: `Bearer ${vaultToken}`, "content-type": "application/json" };

  const get = async (pool: Pool, path: string, headers: Record<string, string>): Promise<unknown> => {
    const { statusCode, body } = await pool.request({ method: "GET", path, headers });
    const answer = await body.text();
    if (statusCode === 404) return undefined;
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
    return JSON.parse(answer);
  };

  const keyName = setting("SIGNING_KEY_NAME");
  const { key } = (await get(vault, `/keys/${keyName}?api-version=7.6`, vaultHeaders)) as {
    key: { kid: string; n: string; e: string };
  };
  const signPath = `${new URL(key.kid).pathname}/sign?api-version=7.6`;
  const { n, e } = key;
  return {
    row: (clientId) => {
      const path = `${tablesUrl.pathname}/apiclients(PartitionKey='${clientId}',RowKey='client')`;
      return get(tables, path, tableHeaders) as Promise<Row | undefined>;
    },
    insertRow: async (row) => {
      const headers = { ...tableHeaders, "content-type": "application/json", prefer: "return-no-content" };
      const path = `${tablesUrl.pathname}/apiclients`;
      const { statusCode, body } = await tables.request({ method: "POST", path, headers, body: JSON.stringify(row) });
      await body.dump();
      if (statusCode !== 204) throw new Error(`insert: ${statusCode}`);
    },
    secretHash: async (secretName) => {
      const path = `/secrets/${secretName}?api-version=7.6`;
      return ((await get(secrets, path, vaultHeaders)) as { value: string }).value;
    },
    key: {
      kid: key.kid,
      n,
      e,
      publicKey: createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" }),
      async sign(digest) {
        const request = JSON.stringify({ alg: "RS256", value: digest.toString("base64url") });
        const { statusCode, body } = await vault.request({
          method: "POST",
          path: signPath,
          headers: vaultHeaders,
          body: request,
        });
        const answer = await body.text();
        if (statusCode !== 200) throw new Error(`sign: ${statusCode}`);
        return Buffer.from((JSON.parse(answer) as { value: string }).value, "base64url");
      },
    },
  };
}

async function identityToken(settings: Settings, resource: string): Promise<string> {
  const url = `${settings.IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${resource}`;
  const response = await fetch(url, { headers: { "x-identity-header": settings.IDENTITY_HEADER ?? "" } });
  return ((await response.json()) as { access_token: string }).access_token;
}
