import { OAuth2Server } from "oauth2-mock-server";

/** Starts oauth2-mock-server. Its key is in memory, and it does not authenticate the client. */
export async function start(): Promise<string> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(0, "127.0.0.1");
  return `http://127.0.0.1:${server.address().port}/token`;
}
