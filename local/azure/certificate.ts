import { X509Certificate } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";
import { readIfPresent } from "../server/read-or-create-file.ts";

const LIFETIME_DAYS = 365;
const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

/** A certificate for loopback and its private key, in PEM, and the path of the certificate for `NODE_EXTRA_CA_CERTS`. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly path: string;
}

/** Reads the self-signed certificate for 127.0.0.1 and localhost from `dir`, or creates one when there is none or it expires in 30 days. */
export async function loopbackCertificate(dir: string): Promise<Certificate> {
  const path = join(dir, "certificate.pem");
  const keyPath = join(dir, "certificate-key.pem");
  const [cert, key] = await Promise.all([readIfPresent(path), readIfPresent(keyPath)]);
  if (cert !== undefined && key !== undefined && isFresh(cert)) return { cert, key, path };

  // Loaded on demand: loading it takes as long as most of the stack.
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

/** Makes this process trust a certificate, as `NODE_EXTRA_CA_CERTS` does for a child process. */
export function trustCertificate({ cert }: Pick<Certificate, "cert">): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), cert]);
}

function isFresh(cert: string): boolean {
  return new X509Certificate(cert).validToDate.getTime() - Date.now() > RENEW_BEFORE_DAYS * DAY_MS;
}
