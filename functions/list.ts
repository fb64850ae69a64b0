import { app } from "@azure/functions";
import { adminEndpoint, type Endpoint } from "../shared/endpoint.ts";
import { refuseBody } from "../shared/http/body.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { readQuery } from "../shared/http/query.ts";
import { json } from "../shared/http/response.ts";
import { clientView } from "../shared/model/client.ts";
import { clientQuerySchema, filterClients } from "../shared/model/client-query.ts";

/** `GET /api/admin/api-clients`: returns a page of clients, newest first; `total` counts all that match. */
export const list: Endpoint = async (request, { admins, clients }, context) => {
  requireMethod(request, "GET", "HEAD", "POST");
  await refuseBody(request, context.signal);
  await admins.authenticate(request, context);
  const query = readQuery(request, clientQuerySchema);

  const matches = filterClients(await clients.list(context), query);
  const page = matches.slice(query.offset, query.offset + query.limit);
  return json(200, { clients: page.map(clientView), total: matches.length });
};

app.http("list", {
  methods: methodsExcept("POST"),
  authLevel: "function",
  route: "api/admin/api-clients",
  handler: adminEndpoint(list),
});
