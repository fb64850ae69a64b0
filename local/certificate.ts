import { X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";

const LIFETIME_DAYS = 365;
const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

/** A certificate for loopback, its private key, and the file that `NODE_EXTRA_CA_CERTS` has to name. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly path: string;
}

/** Returns the self-signed certificate for 127.0.0.1 and localhost that is kept in `dir`; makes a new one when there is none or it expires within 30 days. */
export async function loopbackCertificate(dir: string): Promise<Certificate> {
  const path = join(dir, "certificate.pem");
  const keyPath = join(dir, "certificate-key.pem");
  try {
    const [cert, key] = await Promise.all([readFile(path, "utf8"), readFile(keyPath, "utf8")]);
    const renewAt = new X509Certificate(cert).validToDate.getTime() - RENEW_BEFORE_DAYS * DAY_MS;
    if (Date.now() < renewAt) return { cert, key, path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  // Loaded here alone: it costs as much as everything else of the stack but the tables.
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "SoCMate local stack" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + LIFETIME_DAYS * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(keyPath, made.private, { mode: 0o600 });
  await writeFile(path, made.cert);
  return { cert: made.cert, key: made.private, path };
}

/** Makes this process trust the certificate, as `NODE_EXTRA_CA_CERTS` makes a child. */
export function trustCertificate({ cert }: Pick<Certificate, "cert">): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), cert]);
}
