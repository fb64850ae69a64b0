import { OAuth2Server } from "oauth2-mock-server";

/** oauth2-mock-server: a key in memory, and no check of the client at all. */
export async function start(): Promise<string> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(0, "127.0.0.1");
  return `http://127.0.0.1:${server.address().port}/token`;
}
