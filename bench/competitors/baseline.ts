import { createHash, randomUUID, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isClientSecret, secretMatches } from "../../shared/clients/client-secret.ts";
import { connectRawAzure } from "../raw-azure.ts";
import { serve } from "../serve.ts";

/** Starts the baseline: `node:http` with one table read and one signature over undici, the checks of the service, and nothing else. */
export async function start(): Promise<string> {
  const { TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud, TOKEN_LIFETIME_SECONDS: lifetime = "1800" } = process.env;
  const azure = await connectRawAzure(process.env);
  const { key } = azure;
  const header = base64url(JSON.stringify({ alg: "RS256", typ: "at+jwt", kid: key.kid }));
  const hashes = new Map<string, string>();

  const hashOf = async (secretName: string) => {
    const known = hashes.get(secretName) ?? (await azure.secretHash(secretName));
    hashes.set(secretName, known);
    return known;
  };

  const token = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const clientId = form.get("client_id") ?? "";
    const secret = form.get("client_secret") ?? "";
    if (form.get("grant_type") !== "client_credentials" || !isClientSecret(secret)) return refuse(response);
    const row = await azure.row(clientId);
    if (row?.status !== "active") return refuse(response);
    if (!secretMatches(clientId, secret, await hashOf(row.secretName))) return refuse(response);

    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      iss,
      aud,
      sub: clientId,
      client_id: clientId,
      scope: row.scopes,
      iat,
      exp: iat + Number(lifetime),
    };
    const input = `${header}.${base64url(JSON.stringify({ ...claims, jti: randomUUID() }))}`;
    const signature = await key.sign(createHash("sha256").update(input).digest());
    if (!verify("RSA-SHA256", Buffer.from(input), key.publicKey, signature)) return refuse(response);
    const body = JSON.stringify({
      access_token: `${input}.${signature.toString("base64url")}`,
      expires_in: Number(lifetime),
      token_type: "Bearer",
      scope: row.scopes,
    });
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      Pragma: "no-cache",
      "Content-Length": body.length,
    });
    response.end(body);
  };
  return serve((request, response) => void token(request, response).catch((error) => response.destroy(error)));
}

function refuse(response: ServerResponse): void {
  response.writeHead(401).end();
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
