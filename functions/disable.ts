import { app } from "@azure/functions";
import { clientIdOf, unknownClient } from "../shared/admin/client-path.ts";
import { lockSecret } from "../shared/clients/secret-store.ts";
import { adminEndpoint, type Endpoint, json } from "../shared/endpoint.ts";
import { refuseBody } from "../shared/http/body.ts";

/** `DELETE /api/admin/api-clients/{client_id}`: no new tokens from here on; live ones run out. */
export const disable: Endpoint = async (request, { admins, clients, secrets, now }, call) => {
  await refuseBody(request, call.signal);
  const admin = await admins.authenticate(request, call);
  const client = await clients.disable(clientIdOf(request, call), admin.id, now(), call);
  if (!client) throw unknownClient();

  await lockSecret(secrets, client.secretName, call);
  return json(200, { client_id: client.clientId, status: client.status });
};

app.http("disable", {
  methods: ["DELETE"],
  authLevel: "function",
  route: "api/admin/api-clients/{client_id}",
  handler: adminEndpoint(disable),
});
