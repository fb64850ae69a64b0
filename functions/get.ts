import { app } from "@azure/functions";
import { clientIdOf, unknownClient } from "../shared/admin/client-path.ts";
import { adminEndpoint, type Endpoint } from "../shared/endpoint.ts";
import { refuseBody } from "../shared/http/body.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { refuseQuery } from "../shared/http/query.ts";
import { json } from "../shared/http/response.ts";
import { clientView } from "../shared/model/client.ts";

/** `GET /api/admin/api-clients/{client_id}`: returns one client, in the form of the list. */
export const get: Endpoint = async (request, { admins, clients }, context) => {
  requireMethod(request, "GET", "HEAD", "DELETE");
  await refuseBody(request, context.signal);
  await admins.authenticate(request, context);
  refuseQuery(request);
  const client = await clients.findWithUse(clientIdOf(request, context), context);
  if (!client) throw unknownClient();
  return json(200, clientView(client));
};

app.http("get", {
  methods: methodsExcept("DELETE"),
  authLevel: "function",
  route: "api/admin/api-clients/{client_id}",
  handler: adminEndpoint(get),
});
