import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { close, HttpError, listen, respond } from "../server/http-server.ts";
import { keptFile } from "../server/read-or-create-file.ts";
import { encodeJwt } from "./jwt.ts";

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
  /** An access token for an Azure resource such as `https://vault.azure.net`, for 24 hours. */
  token(resource: string): string;
  /** Whether this identity issued the token, for that resource, and it has not expired. */
  accepts(token: string, resource: string): boolean;
  close(): Promise<void>;
}

const claimsSchema = z.object({ aud: z.string(), exp: z.number() });

/** Starts the identity endpoint, on plain HTTP as App Service has it. With a folder its key is kept, so tokens outlive it. */
export async function startIdentity({ dir }: { dir?: string | undefined } = {}): Promise<Identity> {
  const key = await keptFile(dir && join(dir, "identity.key"), () => randomBytes(32).toString("base64url"));
  const header = randomUUID();
  const sign = (input: string) => createHmac("sha256", key).update(input).digest();

  function token(resource: string): string {
    const iat = nowSeconds();
    const claims = {
      aud: resource,
      iss: `https://sts.windows.net/${TENANT_ID}/`, // Azurite asks for this beginning
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
    const [head = "", body = "", signature = ""] = presented.split(".");
    const actual = Buffer.from(signature, "base64url");
    const expected = sign(`${head}.${body}`);
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return false;
    const { aud, exp } = claimsSchema.parse(JSON.parse(Buffer.from(body, "base64url").toString()));
    return aud.replace(/\/$/, "") === resource && exp > nowSeconds();
  }

  const server = createServer((request, response) =>
    respond(response, () => {
      const resource = resourceOf(request, header);
      return {
        access_token: token(resource),
        expires_on: String(nowSeconds() + LIFETIME_SECONDS),
        resource,
        token_type: "Bearer",
        client_id: CLIENT_ID,
      };
    }),
  );
  const endpoint = `http://127.0.0.1:${await listen(server)}/msi/token`;
  return { endpoint, header, clientId: CLIENT_ID, token, accepts, close: () => close(server) };
}

/** The resource that the request wants a token for. Throws the endpoint's answer to a request that it refuses. */
function resourceOf({ url = "", headers }: IncomingMessage, header: string): string {
  const query = new URL(url, "http://127.0.0.1").searchParams;
  const resource = query.get("resource");
  if (headers["x-identity-header"] !== header) throw refusal(401, "The header X-IDENTITY-HEADER is wrong.");
  if (query.get("api-version") !== "2019-08-01") throw refusal(400, "The api-version is not supported.");
  if ((query.get("client_id") ?? CLIENT_ID) !== CLIENT_ID) throw refusal(400, "There is no such identity.");
  if (!resource) throw refusal(400, "The parameter resource is missing.");
  return resource;
}

function refusal(statusCode: number, message: string): HttpError {
  return new HttpError(statusCode, { statusCode, message });
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
