import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll } from "vitest";
import { trustCertificate } from "../../local/azure/certificate.ts";
import { close, listen } from "../../local/server/http-server.ts";
import { startStack } from "../../local/stack.ts";
import { startTestService, type TestService } from "./test-service.ts";

/** The service behind TLS, as in Azure. */
export interface BehindTls extends TestService {
  readonly front: TlsFront;
}

/** A proxy that terminates TLS and forwards requests, as API Management and App Service do. */
export interface TlsFront {
  /** `https://localhost:<port>` */
  readonly url: string;
  readonly port: number;
  /** The file of the certificate that callers must trust. This process trusts it. */
  readonly certificatePath: string;
}

/** The names of the documentation's examples. */
export const EXAMPLE_HOSTS = { auth: "auth.socmate.yourcompany.com", api: "api.socmate.yourcompany.com" };

/**
 * Starts the service of a test file behind TLS, with an issuer that strict clients accept; `env` may set another one. `api` is the
 * API that accepts the tokens, under `/api/v1/`.
 */
export async function startBehindTls({
  env,
  api,
}: {
  env?: Record<string, string>;
  api?: RequestListener;
} = {}): Promise<BehindTls> {
  const stack = await startStack();
  const front = await startTlsFront(stack.port, api);
  const everything = await startTestService(
    { env: { TOKEN_ISSUER: front.url, TOKEN_AUDIENCE: front.url, ...env } },
    stack,
  );
  return { ...everything, front };
}

async function startTlsFront(servicePort: number, api?: RequestListener): Promise<TlsFront> {
  const names = ["localhost", ...Object.values(EXAMPLE_HOSTS)];
  const { cert, private: key } = await generate([{ name: "commonName", value: "TLS front of a test" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
  const dir = await mkdtemp(join(tmpdir(), "socmate-tls-"));
  const certificatePath = join(dir, "certificate.pem");
  await writeFile(certificatePath, cert);
  trustCertificate({ cert });

  const server = createServer({ cert, key }, (incoming, outgoing) => {
    if (api && incoming.url?.startsWith("/api/v1/")) api(incoming, outgoing);
    else forward(incoming, outgoing, servicePort);
  });
  const port = await listen(server);
  afterAll(async () => {
    await close(server);
    await rm(dir, { recursive: true });
  });
  return { url: `https://localhost:${port}`, port, certificatePath };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const { method, url: path, headers } = incoming;
  const forwarded = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.destroy());
  incoming.pipe(forwarded);
}
