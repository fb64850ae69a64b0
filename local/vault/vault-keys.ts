import {
  constants,
  createPrivateKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  privateEncrypt,
} from "node:crypto";
import { promisify } from "node:util";
import { z } from "zod";
import type { VaultObjects, Version } from "./vault-objects.ts";
import {
  answerPage,
  attributesFrom,
  attributesOf,
  commonBody,
  parseBody,
  type VaultCall,
  type VaultOperations,
} from "./vault-wire.ts";

/** The content of a version of a key: an RSA private key, and its size in bits. */
export interface Key {
  readonly jwk: JsonWebKey;
  readonly size: number;
}

/** The DER of a SHA-256 `DigestInfo` up to the digest (RFC 8017 §9.2). */
const SHA256_DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

const keyBody = commonBody.extend({ kty: z.literal("RSA"), key_size: z.literal([2048, 3072, 4096]).default(2048) });
const signBody = z.object({
  alg: z.literal("RS256"),
  value: z
    .base64url()
    .transform((text) => Buffer.from(text, "base64url"))
    .refine((digest) => digest.length === 32, "RS256 needs a digest of 32 bytes."),
});

/** Generates an RSA key of a size in bits. */
export async function generateKey(size: number): Promise<Key> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: size });
  return { jwk: privateKey.export({ format: "jwk" }), size };
}

/** Returns the operations on keys. */
export function keyOperations(keys: VaultObjects<Key>): VaultOperations {
  const kidOf = ({ base, name }: VaultCall, version: string) => `${base}/keys/${name}/${version}`;
  const item = (kid: string, found: Version<Key>) => ({ kid, attributes: attributesOf(found), tags: found.tags });
  const bundle = (call: VaultCall, found: Version<Key>) => {
    const { n, e } = found.content.jwk;
    const { kid, ...rest } = item(kidOf(call, found.version), found);
    return { key: { kid, kty: "RSA", key_ops: ["sign", "verify"], n, e }, ...rest };
  };

  return {
    "GET keys name versions": (call) =>
      answerPage(
        `${call.base}/keys/${call.name}/versions`,
        call.query,
        (from, size) => keys.versions(call.name, from, size),
        (found) => item(kidOf(call, found.version), found),
      ),
    "GET keys name": (call) => bundle(call, keys.usable(call.name, call.version, "get")),
    "POST keys name create": async (call) => {
      const { key_size: size, ...common } = parseBody(keyBody, call);
      return bundle(call, keys.add(call.name, await generateKey(size), attributesFrom(common)));
    },
    "POST keys name rotate": async (call) => {
      const { content } = keys.get(call.name);
      return bundle(call, keys.add(call.name, await generateKey(content.size)));
    },
    "PATCH keys name": (call) => {
      const changes = attributesFrom(parseBody(commonBody, call));
      return bundle(call, keys.update(call.name, call.version, changes));
    },
    "POST keys name sign": (call) => {
      const { value: digest } = parseBody(signBody, call);
      // Without a version in the address the newest version signs, and the answer names it.
      const found = keys.usable(call.name, call.version, "sign");
      return { kid: kidOf(call, found.version), value: signDigest(found.content, digest).toString("base64url") };
    },
  };
}

const privateKeys = new WeakMap<Key, KeyObject>();

/**
 * Signs a SHA-256 digest (RSASSA-PKCS1-v1_5). Synchronous, 0.3 ms: Node has no asynchronous call that takes a digest
 * in place of the data, and a thread would cost more than it saves.
 */
function signDigest(key: Key, digest: Buffer): Buffer {
  const privateKey = privateKeys.get(key) ?? createPrivateKey({ key: key.jwk, format: "jwk" });
  privateKeys.set(key, privateKey);
  const padding = constants.RSA_PKCS1_PADDING;
  return privateEncrypt({ key: privateKey, padding }, Buffer.concat([SHA256_DIGEST_INFO, digest]));
}
