import { calculateJwkThumbprint } from "jose";
import { systemClock } from "../shared/request/clock.ts";
import { createRetryPolicy } from "../shared/request/retry.ts";
import { accessTokenClaims } from "../shared/signing/access-token.ts";
import type { KeyTimes } from "../shared/signing/key-ring.ts";
import { createSigner, type Signer } from "../shared/signing/signer.ts";
import { azureError } from "./fakes/azure-error.ts";
import { createContext } from "./fakes/fake-context.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "./fakes/fake-signing-vault.ts";

/** What happens in a world, so many seconds after its start; indexes count round. All live tokens are verified each time. */
export type WorldEvent = { at: number } & (
  | { kind: "verify" }
  | { kind: "token"; instance: number }
  | { kind: "rotate"; vault: number }
  /** A vault comes to the settings, with a key that was made for it; the instances are replaced one by one. */
  | { kind: "add vault"; rolloutSeconds: number }
  /** The keys of a vault cannot be listed for a while; it goes on signing. */
  | { kind: "outage"; vault: number; seconds: number }
  /** An instance is replaced by a new one, which knows nothing. */
  | { kind: "restart"; instance: number }
  | { kind: "scale from zero" }
);

/** A world: its settings, and what happens in it. */
export interface Scenario {
  times: KeyTimes;
  tokenLifeSeconds: number;
  /** By how much the clock of each instance is ahead of the vaults', in seconds. */
  skews: readonly number[];
  /** How old the key of each vault is at the start, in seconds. */
  keyAges: readonly number[];
  verifiers: number;
  events: readonly WorldEvent[];
  /** Decides whom verifiers ask. */
  seed: number;
}

/** What came out of a world. */
export interface Outcome {
  /** What must never happen, in words. */
  violations: string[];
  tokens: number;
  verifications: number;
  /** Requests for a token or a key set that got a 503, which only an outage may cause. */
  unavailable: number;
  /** Tokens refused because a new instance could not list the one vault that had signed them. */
  unknownVault: number;
}

interface Instance {
  readonly signer: Signer;
  readonly skew: number;
  readonly now: () => Date;
}

interface Verifier {
  kids: ReadonlySet<string>;
  until: number;
  isIncomplete: boolean;
}

interface KnownKey {
  readonly vault: FakeSigningVault;
  readonly createdMs: number;
}

/** A verifier's clock, and that of the instance, may each be behind by this much when a token dies. */
const MAX_SKEW_SECONDS = 60;
/** An instance may take an outage for one for this much longer. */
const OUTAGE_REMEMBERED_SECONDS = 30;

/**
 * Runs real signers over fake vaults, by a clock of its own. Verifiers keep a key set for exactly as long as they were told, whatever
 * kid they meet meanwhile.
 */
export async function runWorld({ times, tokenLifeSeconds, skews, keyAges, ...scenario }: Scenario): Promise<Outcome> {
  const outcome: Outcome = { violations: [], tokens: 0, verifications: 0, unavailable: 0, unknownVault: 0 };
  let seconds = 0;
  const violate = (what: string) => void outcome.violations.push(`after ${seconds} s: ${what}`);

  let random = scenario.seed;
  const anyOf = <T>(items: readonly T[]): T => {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    return at(items, random >> 8);
  };

  const vaults: FakeSigningVault[] = [];
  const outageEnds = new Map<FakeSigningVault, number>();
  const keys = new Map<string, KnownKey>();
  const isDown = (vault: FakeSigningVault) => seconds < (outageEnds.get(vault) ?? Number.NEGATIVE_INFINITY);
  const wasDown = (vault: FakeSigningVault) =>
    seconds <= (outageEnds.get(vault) ?? Number.NEGATIVE_INFINITY) + OUTAGE_REMEMBERED_SECONDS;

  const learnNewestKey = async (vault: FakeSigningVault) => {
    const { before } = vault;
    vault.before = () => undefined;
    const { key, properties } = await vault.keys.getKey(SIGNING_KEY_NAME);
    vault.before = before;
    const [n, e] = [key?.n, key?.e].map((part) => Buffer.from(part ?? []).toString("base64url"));
    const kid = await calculateJwkThumbprint({ kty: "RSA", n: n ?? "", e: e ?? "" });
    keys.set(kid, { vault, createdMs: properties.createdOn?.getTime() ?? Number.NaN });
  };
  const addVault = async () => {
    const vault = createFakeSigningVault(() => new Date(seconds * 1_000), `https://signing-${vaults.length}.example`);
    vault.before = ({ name }) => {
      // A Retry-After that is passed on and not waited for: in this world an answer takes no time.
      if (name !== "signData" && isDown(vault)) throw azureError(503, { "retry-after": "30" });
    };
    vaults.push(vault);
    await learnNewestKey(vault);
  };
  const start = (skew: number): Instance => {
    const now = () => new Date((seconds + skew) * 1_000);
    const clock = { ...systemClock, now };
    const options = { vaults: [...vaults], keyName: SIGNING_KEY_NAME, times, retry: createRetryPolicy(clock), clock };
    return { skew, now, signer: createSigner(options) };
  };

  for (const age of keyAges) {
    seconds = -age;
    await addVault();
  }
  seconds = 0;
  const instances = skews.map(start);
  const verifiers = Array.from(
    { length: scenario.verifiers },
    (): Verifier => ({ kids: new Set(), until: Number.NEGATIVE_INFINITY, isIncomplete: false }),
  );
  let tokens: { kid: string; deadAt: number }[] = [];

  const unavailable = (what: string) => {
    outcome.unavailable += 1;
    if (!vaults.some(wasDown)) violate(`${what}, although no vault is out of reach`);
  };

  const issue = async ({ signer, now }: Instance) => {
    const grant = { clientId: "socmate-test-abc123", scopes: [], issuedAt: now(), lifetimeSeconds: tokenLifeSeconds };
    const claims = accessTokenClaims({ issuer: "https://auth.example", audience: "https://api.example", ...grant });
    const signed = await signer.accessToken(claims, createContext()).catch(() => undefined);
    if (!signed) return unavailable("there is no key to sign with");
    const { createdMs = Number.NaN } = keys.get(signed.kid) ?? {};
    const firstMs = Math.min(...[...keys.values()].map((key) => key.createdMs));
    if (createdMs > firstMs && now().getTime() < createdMs + times.leadMs)
      violate("a key signs before its lead is over");
    outcome.tokens += 1;
    tokens.push({ kid: signed.kid, deadAt: seconds + tokenLifeSeconds + 2 * MAX_SKEW_SECONDS });
  };

  const fetchKeys = async (verifier: Verifier) => {
    const first = anyOf(instances);
    for (const { signer } of [first, ...instances]) {
      const set = await signer.jwks().catch(() => undefined);
      if (!set) continue;
      verifier.kids = new Set(set.keys.map(({ kid }) => kid));
      verifier.until = seconds + set.maxAgeSeconds;
      verifier.isIncomplete = set.maxAgeSeconds === 0;
      return true;
    }
    unavailable("there is no key set");
    return false;
  };

  const verify = (verifier: Verifier, kid: string) => {
    outcome.verifications += 1;
    if (verifier.kids.has(kid)) return;
    const vault = keys.get(kid)?.vault;
    if (verifier.isIncomplete && vault && wasDown(vault)) outcome.unknownVault += 1;
    else violate("a live token does not verify");
  };
  const verifyAll = async () => {
    tokens = tokens.filter(({ deadAt }) => seconds < deadAt);
    for (const verifier of verifiers) {
      const isCached = !verifier.isIncomplete && seconds <= verifier.until;
      if (isCached || (await fetchKeys(verifier))) for (const { kid } of tokens) verify(verifier, kid);
    }
  };

  const agenda = [...scenario.events];
  const happen = async (event: WorldEvent) => {
    if (event.kind === "token") await issue(at(instances, event.instance));
    if (event.kind === "restart") instances[event.instance % instances.length] = start(at(skews, event.instance));
    if (event.kind === "scale from zero") instances.splice(0, instances.length, ...skews.map(start));
    if (event.kind === "outage") outageEnds.set(at(vaults, event.vault), seconds + event.seconds);
    if (event.kind === "rotate") {
      at(vaults, event.vault).rotate();
      await learnNewestKey(at(vaults, event.vault));
    }
    if (event.kind === "add vault") {
      await addVault();
      for (const index of skews.keys()) {
        const delay = (event.rolloutSeconds * (index + 1)) / skews.length;
        agenda.push({ kind: "restart", at: seconds + delay, instance: index });
      }
    }
  };

  const nextEvent = () => agenda.sort((a, b) => b.at - a.at).pop();
  for (let event = nextEvent(); event; event = nextEvent()) {
    seconds = event.at;
    await happen(event);
    await verifyAll();
    // What was begun beside the requests ends now: answers take no time here.
    await new Promise(setImmediate);
  }

  // When everything is over and the last token is dead, each vault has one key left.
  seconds += (times.leadMs + times.keepMs) / 1_000 + Math.max(0, ...outageEnds.values());
  for (const { signer } of instances) {
    const { keys: left } = await signer.jwks();
    if (left.length !== vaults.length) violate(`${left.length} keys are left of ${vaults.length} vaults`);
  }
  return outcome;
}

function at<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}
