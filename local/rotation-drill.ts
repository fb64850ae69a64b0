import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { startService } from "./host/service.ts";
import { rotateSigningKey, signingKeyClient } from "./signing-keys.ts";
import { type Stack, startStack } from "./stack.ts";

/** Options of a drill. A key is published for `leadSeconds`, 10 or more, before it signs. */
export interface DrillOptions {
  readonly leadSeconds: number;
  readonly rotations: number;
  readonly onProgress?: (text: string) => void;
}

/** The result of a drill. */
export interface DrillReport {
  tokens: number;
  verifications: number;
  /** The codes of jose's errors, one for each failed verification. */
  failures: string[];
  /** The number of token requests that got no token. */
  refusals: number;
  /** The keys that signed, in the order of their first token. */
  kids: string[];
}

const VAULTS = 2;
const INSTANCES = 2;
const CLIENTS = 4;
/** The size of the sample of earlier tokens that are verified repeatedly. */
const SAMPLE_SIZE = 50;
const REPEAT_MS = 2_000;

const created = z.object({ client_id: z.string(), client_secret: z.string() });
const issued = z.object({ access_token: z.string() });

/**
 * Rotates keys under load. Several instances on several vaults issue tokens without a break. `jose` verifies each token immediately and
 * a sample of the earlier ones repeatedly. Its key sets are cached for exactly their `max-age`, and no unknown kid refreshes them.
 */
export async function runRotationDrill(options: DrillOptions): Promise<DrillReport> {
  const stack = await startStack({ signingVaults: VAULTS });
  const env = { KEY_PUBLISH_LEAD_SECONDS: String(options.leadSeconds) };
  const start = () => startService(stack, { port: 0, env });
  const services = await Promise.all(Array.from({ length: INSTANCES }, start));
  try {
    return await drill(
      stack,
      services.map(({ url }) => url),
      options,
    );
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await stack.close();
  }
}

async function drill(stack: Stack, urls: string[], options: DrillOptions): Promise<DrillReport> {
  const { leadSeconds, rotations, onProgress = () => {} } = options;
  const report: DrillReport = { tokens: 0, verifications: 0, failures: [], refusals: 0, kids: [] };
  const forms = await Promise.all(Array.from({ length: CLIENTS }, () => createClient(stack, urls[0] ?? "")));
  const verifiers = await Promise.all(urls.map(strictKeySet));
  const sample: string[] = [];
  const over = new AbortController();

  const verify = async (token: string) => {
    const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience } = stack.settings;
    for (const keySet of verifiers) {
      report.verifications += 1;
      await jwtVerify(token, keySet, { issuer, audience, typ: "at+jwt", algorithms: ["RS256"] }).catch((error) => {
        if (!(error instanceof errors.JOSEError)) throw error;
        report.failures.push(error.code);
      });
    }
  };
  const useTokens = async (form: string) => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      const token = await requestToken(urls[turn % urls.length] ?? "", form);
      if (token === undefined) {
        report.refusals += 1;
        continue;
      }
      report.tokens += 1;
      const { kid = "" } = decodeProtectedHeader(token);
      if (!report.kids.includes(kid)) {
        report.kids.push(kid);
        onProgress(`${kid} signs`);
      }
      // Reservoir sampling: each token so far is in the sample with the same probability.
      const place = Math.floor(Math.random() * Math.max(report.tokens, SAMPLE_SIZE));
      if (place < SAMPLE_SIZE) sample[place] = token;
      await verify(token);
    }
  };
  const repeat = async () => {
    while (!over.signal.aborted) {
      for (const token of sample) if (token) await verify(token);
      await sleep(REPEAT_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const rotate = async () => {
    const vaults = stack.settings.SIGNING_VAULT_URLS.split(",");
    const keys = vaults.map((url) => signingKeyClient(url, stack.identity, stack.certificate));
    const lastKid = async (rotation: number): Promise<string> => {
      const [client] = keys.slice(rotation % keys.length);
      const kid = client ? await rotateSigningKey(client) : "";
      onProgress(`${kid} is created`);
      if (rotation + 1 === rotations) return kid;
      // Every second rotation follows before the key of the previous one signs.
      await sleep(leadSeconds * 1_000 * (rotation % 2 === 0 ? 0.4 : 1.2));
      return lastKid(rotation + 1);
    };
    const kid = await lastKid(0);
    while (!report.kids.includes(kid)) await sleep(100);
    await sleep(REPEAT_MS);
    over.abort();
  };
  await Promise.all([rotate(), repeat(), ...forms.map(useTokens)]);
  return report;
}

async function createClient(stack: Stack, url: string): Promise<string> {
  const answer = await fetch(`${url}/api/admin/api-clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${stack.adminToken()}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Rotation drill", scopes: ["incidents:read"] }),
  });
  const credentials = created.parse(await answer.json());
  return new URLSearchParams({ grant_type: "client_credentials", ...credentials }).toString();
}

async function requestToken(url: string, form: string): Promise<string | undefined> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${url}/oauth/token`, { method: "POST", headers, body: form });
  return issued.safeParse(await answer.json()).data?.access_token;
}

/** Returns a key set that is fetched again after its `max-age` only, not for an unknown kid. */
async function strictKeySet(serviceUrl: string): Promise<JWTVerifyGetKey> {
  const url = new URL("/.well-known/jwks.json", serviceUrl);
  const { headers } = await fetch(url);
  const maxAge = Number(/max-age=(\d+)/.exec(headers.get("cache-control") ?? "")?.[1]) * 1_000;
  return createRemoteJWKSet(url, { cacheMaxAge: maxAge, cooldownDuration: maxAge });
}
