import { argv, env, exit, stdout } from "node:process";
import createClient from "openapi-fetch";
import type { paths as AdminPaths } from "./generated/openapi.d.ts";
import type { paths as PublicPaths } from "./generated/openapi-public.d.ts";

// A program on the clients of openapi-typescript and openapi-fetch: it calls every operation and prints what it read. The compiler checks
// that their types fit a caller who follows the documentation. kiota/Program.cs is the same on Kiota's client.

const [, , serviceUrl = "", usedClientId = ""] = argv;
const admin = createClient<AdminPaths>({
  baseUrl: `${serviceUrl}/api/admin`,
  headers: { Authorization: `Bearer ${env.ADMIN_TOKEN}` },
});
const auth = createClient<PublicPaths>({ baseUrl: serviceUrl });

interface Result<Body, Failure> {
  data?: Body;
  error?: Failure;
  response: Response;
}

function bodyOf<Body>({ data, error, response }: Result<Body, unknown>): Body {
  if (data !== undefined) return data;
  console.error(`${response.url} answers ${response.status}:`, error);
  exit(1);
}

function refusalOf<Failure>({ error, response }: Result<unknown, Failure>): [number, Failure] {
  if (error !== undefined) return [response.status, error];
  console.error(`${response.url} answers ${response.status}, which is no refusal.`);
  exit(1);
}

const pathOf = (clientId: string) => ({ params: { path: { client_id: clientId } } });
const show = (clientId: string) => admin.GET("/api-clients/{client_id}", pathOf(clientId));
const regenerate = (clientId: string) => admin.POST("/api-clients/{client_id}/regenerate-secret", pathOf(clientId));
const requestToken = (clientId: string, clientSecret: string) =>
  auth.POST("/oauth/token", {
    body: { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret, scope: "search:read" },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });

const created = bodyOf(await admin.POST("/api-clients", { body: { name: "Generated", scopes: ["search:read"] } }));
const shown = bodyOf(await show(created.client_id));
const neverUsed: string | null = shown.last_used_at;
const list = bodyOf(
  await admin.GET("/api-clients", { params: { query: { search: created.client_id, status: "active" } } }),
);
const everything = bodyOf(await admin.GET("/api-clients"));
const token = bodyOf(await requestToken(created.client_id, created.client_secret));
const regenerated = bodyOf(await regenerate(created.client_id));
const disabled = bodyOf(await admin.DELETE("/api-clients/{client_id}", pathOf(created.client_id)));
const jwks = bodyOf(await auth.GET("/.well-known/jwks.json"));
const metadata = bodyOf(await auth.GET("/.well-known/oauth-authorization-server"));
const openid = bodyOf(await auth.GET("/.well-known/openid-configuration"));
const health = bodyOf(await auth.GET("/health"));

const [invalid, faults] = refusalOf(await admin.POST("/api-clients", { body: { name: "", scopes: [] } }));
const [unknown, notFound] = refusalOf(await show("socmate-nobody-abc123"));
const [conflict, final] = refusalOf(await regenerate(created.client_id));
const [unauthorized, refused] = refusalOf(await requestToken(created.client_id, regenerated.client_secret));

stdout.write(
  JSON.stringify({
    createApiClient: [created.name, created.scopes, created.token_endpoint],
    getApiClient: [
      shown.status,
      shown.description,
      shown.created_at,
      neverUsed,
      bodyOf(await show(usedClientId)).last_used_at,
    ],
    listApiClients: [list.total, list.clients.map(({ name }) => name), everything.total > 1],
    requestAccessToken: [token.token_type, token.expires_in, token.scope],
    regenerateApiClientSecret: regenerated.client_secret !== created.client_secret,
    disableApiClient: disabled.status,
    getJsonWebKeySet: jwks.keys.map(({ alg }) => alg),
    getAuthorizationServerMetadata: metadata.token_endpoint,
    getOpenIdConfiguration: openid.jwks_uri,
    getHealth: [health.status, health.signing_vaults.map(({ active, next }) => [active?.since, next])],
    refusals: [
      [invalid, faults.detail, faults.errors?.map(({ field }) => field)],
      [unknown, notFound.detail],
      [conflict, final.detail],
      [unauthorized, refused?.error, refused?.error_description],
    ],
  }),
);
