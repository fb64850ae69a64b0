import { app } from "@azure/functions";
import { generateClientSecret, hashClientSecret } from "../shared/clients/client-secret.ts";
import { newClient } from "../shared/clients/new-client.ts";
import { hintOf } from "../shared/clients/secret-hints.ts";
import { adminEndpoint, type Endpoint } from "../shared/endpoint.ts";
import { readJson } from "../shared/http/json-body.ts";
import { refuseQuery } from "../shared/http/query.ts";
import { json } from "../shared/http/response.ts";
import { newClientSchema } from "../shared/model/client.ts";
import { Unavailable } from "../shared/request/retry.ts";

/** Six random characters collide once in two billion; five collisions in a row are a fault. */
const MAX_DRAWS = 5;

/** `POST /api/admin/api-clients`: creates a client and returns its secret, which no other answer contains. */
export const create: Endpoint = async (request, { config, admins, clients, secrets, clock }, context) => {
  const admin = await admins.authenticate(request, context);
  refuseQuery(request);
  const input = await readJson(request, newClientSchema, context);
  Object.assign(context.audit, { name: input.name, scope: input.scopes.join(" ") });

  for (let draw = 1; draw <= MAX_DRAWS; draw++) {
    const client = newClient(input, config.clientIdPrefix, admin.id, clock.now());
    const clientSecret = generateClientSecret();
    context.audit.client_id = client.clientId;
    const secretName = await secrets.put(client.clientId, hashClientSecret(client.clientId, clientSecret), context);
    const secret = { secretName, secretHint: hintOf(clientSecret) };
    const created = await clients.insert(client, secret, context);
    if (!created) continue;

    const body = {
      id: client.id,
      client_id: client.clientId,
      client_secret: clientSecret,
      name: client.name,
      scopes: client.scopes,
      token_endpoint: `${config.tokenIssuer}/oauth/token`,
    };
    return json(201, body, { Location: `/api/admin/api-clients/${client.clientId}` });
  }
  throw new Unavailable("client_ids_taken");
};

app.http("create", {
  methods: ["POST"],
  authLevel: "function",
  route: "api/admin/api-clients",
  handler: adminEndpoint(create),
});
