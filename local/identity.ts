import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { close, listen, sendJson } from "./http-server.ts";
import { encodeJwt } from "./jwt.ts";
import { keptFile } from "./kept-file.ts";

/** The directory (tenant) that all local tokens name. */
export const TENANT_ID = "10ca1000-0000-4000-8000-000000000001";

const CLIENT_ID = "10ca1000-0000-4000-8000-000000000002";
const LIFETIME_SECONDS = 24 * 3600;

/** The managed identity of App Service, as `@azure/identity` sees it. */
export interface Identity {
  /** Value of `IDENTITY_ENDPOINT`. */
  readonly endpoint: string;
  /** Value of `IDENTITY_HEADER`. */
  readonly header: string;
  /** Value of `AZURE_CLIENT_ID`: the one user-assigned identity there is. */
  readonly clientId: string;
  /** An access token for an Azure resource such as `https://vault.azure.net`. */
  token(resource: string): string;
  /** Whether this identity issued the token for the resource and it has not expired. */
  accepts(token: string, resource: string): boolean;
  close(): Promise<void>;
}

/** Starts the identity endpoint on plain HTTP, as App Service has it. With a folder its key is kept, so tokens outlive a restart. */
export async function startIdentity({ dir }: { dir?: string | undefined } = {}): Promise<Identity> {
  const key = await keptFile(dir && join(dir, "identity.key"), () => randomBytes(32).toString("base64url"));
  const header = randomUUID();
  const sign = (input: string) => createHmac("sha256", key).update(input).digest();
  const nowSeconds = () => Math.floor(Date.now() / 1000);

  function token(resource: string): string {
    const iat = nowSeconds();
    const claims = {
      aud: resource,
      iss: `https://sts.windows.net/${TENANT_ID}/`, // the prefix that Azurite asks for
      iat,
      nbf: iat,
      exp: iat + LIFETIME_SECONDS,
      appid: CLIENT_ID,
      oid: CLIENT_ID,
      tid: TENANT_ID,
      ver: "1.0",
    };
    return encodeJwt({ alg: "HS256", typ: "JWT" }, claims, sign);
  }

  function accepts(presented: string, resource: string): boolean {
    const [head, body, signature] = presented.split(".");
    if (head === undefined || body === undefined || signature === undefined) return false;
    const actual = Buffer.from(signature, "base64url");
    const expected = sign(`${head}.${body}`);
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return false;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as { aud: string; exp: number };
    return claims.aud.replace(/\/$/, "") === resource && claims.exp > nowSeconds();
  }

  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://127.0.0.1").searchParams;
    const resource = query.get("resource");
    const refuse = (statusCode: number, message: string) => sendJson(response, statusCode, { statusCode, message });
    if (request.headers["x-identity-header"] !== header) return refuse(401, "The X-IDENTITY-HEADER header is wrong.");
    if (query.get("api-version") !== "2019-08-01") return refuse(400, "The api-version is not supported.");
    if (!resource) return refuse(400, "The resource parameter is missing.");
    if ((query.get("client_id") ?? CLIENT_ID) !== CLIENT_ID) return refuse(400, "No such user-assigned identity.");
    sendJson(response, 200, {
      access_token: token(resource),
      expires_on: String(nowSeconds() + LIFETIME_SECONDS),
      resource,
      token_type: "Bearer",
      client_id: CLIENT_ID,
    });
  });
  const port = await listen(server);
  const endpoint = `http://127.0.0.1:${port}/msi/token`;
  return { endpoint, header, clientId: CLIENT_ID, token, accepts, close: () => close(server) };
}
