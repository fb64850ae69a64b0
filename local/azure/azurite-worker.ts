import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

/** The part of a server of Azurite that this needs. Azurite has no types. */
interface AzuriteServer {
  readonly httpServer: Server;
  close(): Promise<void>;
}

/** Tells the main thread the port of a started server, and closes the server when the main thread says so. */
export function serve(server: AzuriteServer): void {
  parentPort?.once("message", async () => {
    server.httpServer.closeAllConnections();
    await server.close();
    parentPort?.close();
  });
  parentPort?.postMessage((server.httpServer.address() as AddressInfo).port);
}
