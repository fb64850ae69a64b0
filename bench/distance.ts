import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/**
 * Starts a proxy that simulates network latency: an answer arrives no sooner than the given milliseconds after its request. Bytes
 * are not changed. Returns the URL of the proxy.
 */
export async function atDistance(target: string, milliseconds: number): Promise<string> {
  const { hostname, port } = new URL(target);
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    let dueAt = 0;
    near.on("data", (request) => {
      dueAt = performance.now() + milliseconds;
      far.write(request);
    });
    far.on("data", (answer) => {
      setTimeout(() => near.write(answer), Math.max(dueAt - performance.now(), 0));
    });
    near.on("close", () => far.destroy()).on("error", () => far.destroy());
    far.on("close", () => near.destroy()).on("error", () => near.destroy());
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return url.href.replace(/\/$/, "");
}
