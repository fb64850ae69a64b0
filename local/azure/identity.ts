import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { close, HttpError, listen, respond } from "../server/http-server.ts";
import { readOrCreateFile } from "../server/read-or-create-file.ts";
import { encodeJwt } from "./jwt.ts";

// The azure room has the emulators of the platform around the service, other than Key Vault: the managed identity, the admin issuer in
// place of Entra ID, Azurite's tables and blobs, and the certificate of all HTTPS servers on loopback. The identity is the root of the
// room: its endpoint is App Service's, and the tables and the vaults require its tokens. So the service authenticates here
// as on Azure, with no switch or key of its own. Azurite checks the form of a token, not its signature; the vault emulator checks both.

/** The tenant of all local tokens. */
export const TENANT_ID = "10ca1000-0000-4000-8000-000000000001";

const CLIENT_ID = "10ca1000-0000-4000-8000-000000000002";
const LIFETIME_SECONDS = 24 * 3600;

/** The managed identity of App Service, with the endpoint that `@azure/identity` uses. */
export interface Identity {
  /** Value of `IDENTITY_ENDPOINT`. */
  readonly endpoint: string;
  /** Value of `IDENTITY_HEADER`. */
  readonly header: string;
  /** Value of `AZURE_CLIENT_ID`: the only user-assigned identity. */
  readonly clientId: string;
  /** Signs an access token for an Azure resource such as `https://vault.azure.net`, valid for 24 hours. */
  token(resource: string): string;
  /** Whether this identity issued the token for the resource, and it has not expired. */
  accepts(token: string, resource: string): boolean;
  close(): Promise<void>;
}

const claimsSchema = z.object({ aud: z.string(), exp: z.number() });

/** Starts the identity endpoint, on plain HTTP as on App Service. With `dir` its key, and so its tokens, survive a restart. */
export async function startIdentity({ dir }: { dir?: string | undefined } = {}): Promise<Identity> {
  const key = await readOrCreateFile(dir && join(dir, "identity.key"), () => randomBytes(32).toString("base64url"));
  const header = randomUUID();
  const sign = (input: string) => createHmac("sha256", key).update(input).digest();

  function token(resource: string): string {
    const iat = nowSeconds();
    const claims = {
      aud: resource,
      iss: `https://sts.windows.net/${TENANT_ID}/`, // Azurite requires this prefix
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

/**
 * Returns the resource of a token request.
 *
 * @throws HttpError 401 or 400 with the endpoint's body.
 */
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
