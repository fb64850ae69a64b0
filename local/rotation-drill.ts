import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { startService } from "./host/service.ts";
import { rotateSigningKey, signingKeyClient } from "./signing-keys.ts";
import { type Stack, startStack } from "./stack.ts";

/** How long a drill is: a key is published for `leadSeconds` before it signs, 10 or more. */
export interface DrillOptions {
  readonly leadSeconds: number;
  readonly rotations: number;
  readonly onProgress?: (text: string) => void;
}

/** What came out of a drill. */
export interface DrillReport {
  tokens: number;
  verifications: number;
  /** Why tokens did not verify, one entry for each time. */
  failures: string[];
  /** Requests for a token that were answered by anything else. */
  refusals: number;
  /** The keys that signed, in the order in which they began to. */
  kids: string[];
}

const VAULTS = 2;
const INSTANCES = 2;
const CLIENTS = 4;
/** So many tokens from all of the drill are verified again and again. */
const KEPT_TOKENS = 50;
const REPEAT_MS = 2_000;

const created = z.object({ client_id: z.string(), client_secret: z.string() });
const issued = z.object({ access_token: z.string() });

/**
 * Rotates keys under load. Instances over several vaults issue tokens without a break. `jose` verifies each at once, and many
 * again and again, with key sets that it keeps for exactly as long as it may, whatever kid it meets meanwhile.
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
  const kept: string[] = [];
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
      // Of n tokens so far, each is among the kept ones with the same chance.
      const place = Math.floor(Math.random() * Math.max(report.tokens, KEPT_TOKENS));
      if (place < KEPT_TOKENS) kept[place] = token;
      await verify(token);
    }
  };
  const repeat = async () => {
    while (!over.signal.aborted) {
      for (const token of kept) if (token) await verify(token);
      await sleep(REPEAT_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const rotate = async () => {
    const vaults = stack.settings.SIGNING_VAULT_URLS.split(",");
    const keys = vaults.map((url) => signingKeyClient(url, stack.identity, stack.certificate));
    const lastKid = async (rotation: number): Promise<string> => {
      const [client] = keys.slice(rotation % keys.length);
      const kid = client ? await rotateSigningKey(client) : "";
      onProgress(`${kid} is made`);
      if (rotation + 1 === rotations) return kid;
      // Every other rotation comes before the key of the one before has begun to sign.
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

/** A key set that is fetched again when its time is over, and never for a kid that it lacks. */
async function strictKeySet(serviceUrl: string): Promise<JWTVerifyGetKey> {
  const url = new URL("/.well-known/jwks.json", serviceUrl);
  const { headers } = await fetch(url);
  const maxAge = Number(/max-age=(\d+)/.exec(headers.get("cache-control") ?? "")?.[1]) * 1_000;
  return createRemoteJWKSet(url, { cacheMaxAge: maxAge, cooldownDuration: maxAge });
}
