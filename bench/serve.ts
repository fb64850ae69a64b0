import { createServer, type RequestListener } from "node:http";
import { listen } from "../local/server/http-server.ts";

/** Serves on a free loopback port. Returns the URL of the token endpoint. */
export async function serve(handler: RequestListener, path = "/oauth/token"): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(handler))}${path}`;
}
