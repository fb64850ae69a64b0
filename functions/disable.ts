import { app } from "@azure/functions";
import { clientIdOf, unknownClient } from "../shared/admin/client-path.ts";
import { disableSecret } from "../shared/clients/secret-store.ts";
import { adminEndpoint, type Endpoint } from "../shared/endpoint.ts";
import { refuseBody } from "../shared/http/body.ts";
import { refuseQuery } from "../shared/http/query.ts";
import { json } from "../shared/http/response.ts";

/** `DELETE /api/admin/api-clients/{client_id}`: disables a client. It gets no new tokens; issued ones expire. Idempotent. */
export const disable: Endpoint = async (request, { admins, clients, secrets, clock }, context) => {
  await refuseBody(request, context.signal);
  const admin = await admins.authenticate(request, context);
  refuseQuery(request);
  const author = { adminId: admin.id, at: clock.now() };
  const disabled = await clients.disable(clientIdOf(request, context), author, context);
  if (!disabled) throw unknownClient();
  const { client, isChanged } = disabled;

  if (client.secretName) await disableSecret({ secrets, clock }, client.secretName, context);
  if (!isChanged) context.audit.outcome = "unchanged";
  return json(200, { client_id: client.clientId, status: client.status });
};

app.http("disable", {
  methods: ["DELETE"],
  authLevel: "function",
  route: "api/admin/api-clients/{client_id}",
  handler: adminEndpoint(disable),
});
