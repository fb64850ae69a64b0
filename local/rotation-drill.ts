import { setTimeout as sleep } from "node:timers/promises";
import { decodeProtectedHeader } from "jose";
import { z } from "zod";
import { buildDotnetApi } from "./dotnet-api.ts";
import { startService } from "./host/service.ts";
import { rotateSigningKey, signingKeyClient } from "./signing-keys.ts";
import { type Stack, startStack } from "./stack.ts";
import {
  createJoseVerifier,
  createJwksRsaVerifier,
  createMaxAgeVerifier,
  startDotnetVerifier,
  type Verifier,
} from "./verifiers.ts";

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
  /** The names of the verifiers. */
  verifiers: readonly string[];
  /** The verifier and its reason, one for each failed verification. */
  failures: string[];
  /** The number of token requests that got no token. */
  refusals: number;
  /** The keys that signed, in the order of their first token. */
  kids: string[];
}

/** The lead that is shipped. The intervals of real verifiers are divided by the same factor as this lead. */
const SHIPPED_LEAD_SECONDS = 86_400;
const VAULTS = 2;
const INSTANCES = 2;
const CLIENTS = 4;
/** The size of the sample of earlier tokens that are verified repeatedly. */
const SAMPLE_SIZE = 50;
const REPEAT_MS = 2_000;

const created = z.object({ client_id: z.string(), client_secret: z.string() });
const issued = z.object({ access_token: z.string() });

/**
 * Rotates keys under load. Several instances on several vaults issue tokens without a break. Verifiers verify each token immediately and
 * a sample of the earlier ones repeatedly. Two of them keep a key set for exactly its `max-age`, and no unknown kid makes them fetch
 * another one. The others are real verifiers with their defaults, which do not follow `max-age`: the lead of the drill is a fraction of
 * the shipped one, and their intervals are the same fraction of the defaults.
 */
export async function runRotationDrill(options: DrillOptions): Promise<DrillReport> {
  const stack = await startStack({ signingVaults: VAULTS });
  const env = { KEY_PUBLISH_LEAD_SECONDS: String(options.leadSeconds) };
  // The first instance has the address of the issuer.
  const start = (_: unknown, index: number) => startService(stack, index === 0 ? { env } : { env, port: 0 });
  const services = await Promise.all(Array.from({ length: INSTANCES }, start));
  const urls = services.map(({ url }) => url);
  const verifiers = await startVerifiers(stack, urls, options);
  try {
    return await drill(stack, urls, verifiers, options);
  } finally {
    await Promise.all(verifiers.map((verifier) => verifier.close?.()));
    await Promise.all(services.map((service) => service.stop()));
    await stack.close();
  }
}

async function startVerifiers(
  { settings }: Stack,
  urls: readonly string[],
  { leadSeconds, onProgress = () => {} }: DrillOptions,
): Promise<Verifier[]> {
  const expected = { issuer: settings.TOKEN_ISSUER, audience: settings.TOKEN_AUDIENCE };
  const speed = SHIPPED_LEAD_SECONDS / leadSeconds;
  const jwksUrl = new URL("/.well-known/jwks.json", expected.issuer);
  const maxAge = await Promise.all(
    urls.map((url) => createMaxAgeVerifier(new URL("/.well-known/jwks.json", url), expected)),
  );
  const verifiers = [
    ...maxAge,
    createJoseVerifier(jwksUrl, expected, speed),
    createJwksRsaVerifier(jwksUrl, expected, speed),
  ];
  const { program, missing } = await buildDotnetApi();
  if (program === undefined) onProgress(`without ASP.NET Core: ${missing}`);
  else verifiers.push(await startDotnetVerifier(program, expected, speed));
  const names = verifiers.map(({ name }) => name);
  onProgress(`verifiers: ${names.join(", ")}; all but max-age as by default, ${speed} times as fast, as the lead is`);
  return verifiers;
}

async function drill(
  stack: Stack,
  urls: readonly string[],
  verifiers: readonly Verifier[],
  options: DrillOptions,
): Promise<DrillReport> {
  const { leadSeconds, rotations, onProgress = () => {} } = options;
  const names = verifiers.map(({ name }) => name);
  const report: DrillReport = { tokens: 0, verifications: 0, verifiers: names, failures: [], refusals: 0, kids: [] };
  const forms = await Promise.all(Array.from({ length: CLIENTS }, () => createClient(stack, urls[0] ?? "")));
  const sample: string[] = [];
  const over = new AbortController();

  const verify = async (token: string) => {
    for (const verifier of verifiers) {
      report.verifications += 1;
      const refusal = await verifier.refusal(token);
      if (refusal !== undefined) report.failures.push(`${verifier.name}: ${refusal}`);
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
    body: JSON.stringify({ name: "Rotation drill", scopes: ["search:read"] }),
  });
  const credentials = created.parse(await answer.json());
  return new URLSearchParams({ grant_type: "client_credentials", ...credentials }).toString();
}

async function requestToken(url: string, form: string): Promise<string | undefined> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${url}/oauth/token`, { method: "POST", headers, body: form });
  return issued.safeParse(await answer.json()).data?.access_token;
}
