import { app } from "@azure/functions";
import { clientIdOf, unknownClient } from "../shared/admin/client-path.ts";
import { generateClientSecret, hashClientSecret } from "../shared/clients/client-secret.ts";
import { hintOf } from "../shared/clients/secret-hints.ts";
import { disableSecret } from "../shared/clients/secret-store.ts";
import { adminEndpoint, type Endpoint } from "../shared/endpoint.ts";
import { refuseBody } from "../shared/http/body.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { refuseQuery } from "../shared/http/query.ts";
import { json } from "../shared/http/response.ts";
import { PublicError } from "../shared/request/public-error.ts";

/** `POST /api/admin/api-clients/{client_id}/regenerate-secret`: replaces the secret of a client. The old one is invalid from the answer on. */
export const regenerate: Endpoint = async (request, { admins, clients, secrets, clock }, context) => {
  requireMethod(request, "POST");
  await refuseBody(request, context.signal);
  const admin = await admins.authenticate(request, context);
  refuseQuery(request);
  const client = await clients.find(clientIdOf(request, context), context);
  if (!client) throw unknownClient();
  if (client.status === "disabled")
    throw new PublicError(409, {
      detail: "The client is disabled for good: create a new one.",
      reason: "disabled_client",
    });
  if (!client.status) throw damagedClient();

  const clientSecret = generateClientSecret();
  const secretName = await secrets.put(client.clientId, hashClientSecret(client.clientId, clientSecret), context);
  const secret = { secretName, secretHint: hintOf(clientSecret) };
  const replaced = await clients.replaceSecret(client, secret, { adminId: admin.id, at: clock.now() }, context);
  if (!replaced) throw lostRace();

  if (client.secretName) await disableSecret({ secrets, clock }, client.secretName, context);
  return json(200, { client_id: client.clientId, client_secret: clientSecret });
};

/** No 503: another try has the same answer until somebody corrects the row. */
function damagedClient(): PublicError {
  return new PublicError(409, {
    detail:
      "The record of this client is damaged, and its status cannot be read: disable the client and create a new one, or have an operator correct the record.",
    reason: "row_damaged",
  });
}

function lostRace(): PublicError {
  return new PublicError(409, {
    detail:
      "Someone else has just changed this client, so this secret was not put in place: look at the client before you try again.",
    reason: "lost_race",
  });
}

app.http("regenerate", {
  methods: methodsExcept(),
  authLevel: "function",
  route: "api/admin/api-clients/{client_id}/regenerate-secret",
  handler: adminEndpoint(regenerate),
});
