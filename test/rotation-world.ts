import type { KeyProperties } from "@azure/keyvault-keys";
import { calculateJwkThumbprint } from "jose";
import { systemClock } from "../shared/request/clock.ts";
import { createRetryPolicy } from "../shared/request/retry.ts";
import { accessTokenClaims } from "../shared/signing/access-token.ts";
import type { KeyTimes } from "../shared/signing/key-ring.ts";
import { createSigner, type Signer } from "../shared/signing/signer.ts";
import type { ListedVersion, SigningVault } from "../shared/signing/signing-key.ts";
import { azureError } from "./fakes/azure-error.ts";
import { createContext } from "./fakes/fake-context.ts";
import {
  createFakeSigningVault,
  type FakeSigningVault,
  SIGNING_KEY_NAME,
  type Validity,
} from "./fakes/fake-signing-vault.ts";

/** An `nbf` and an `exp`, so many seconds from the event that sets them. */
export interface RelativeValidity {
  nbf?: number | undefined;
  exp?: number | undefined;
}

/** What happens in a world, so many seconds after its start; indexes count round. All live tokens are verified each time. */
export type WorldEvent = { at: number } & (
  | { kind: "verify" }
  | { kind: "token"; instance: number }
  | ({ kind: "rotate"; vault: number } & RelativeValidity)
  /** An administrator changes the newest key of a vault. */
  | ({ kind: "change"; vault: number } & RelativeValidity)
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
  /** How the instances see the versions of a list, if not as they are. */
  see?: ((version: ListedVersion, now: Date) => ListedVersion) | undefined;
}

/** What came out of a world. */
export interface Outcome {
  /** What must never happen, in words. */
  violations: string[];
  tokens: number;
  verifications: number;
  /** Requests for a token or a key set that got a 503, which only an outage may cause, or that no key can sign. */
  unavailable: number;
  /** Tokens of keys that had to sign without having been published for their lead. */
  early: number;
  /** Tokens refused because a new instance could not list the one vault that had signed them. */
  unknownVault: number;
}

interface Instance {
  /** Those of its settings. */
  readonly vaults: readonly FakeSigningVault[];
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
  readonly properties: KeyProperties;
}

/** From when until when a vault signs with a version, in milliseconds. */
type Span = readonly [from: number, to: number];

/** A verifier's clock, and that of the instance, may each be behind by this much when a token dies. */
const MAX_SKEW_SECONDS = 60;
/** An instance looks for a key again after this time. */
const LOOK_AGAIN_SECONDS = 1;
/** An instance may take an outage for one for this much longer. */
const OUTAGE_REMEMBERED_SECONDS = 30;

/**
 * Runs real signers over fake vaults, by a clock of its own. Verifiers keep a key set for exactly as long as they were told, whatever
 * kid they meet meanwhile.
 */
export async function runWorld({ times, tokenLifeSeconds, skews, keyAges, ...scenario }: Scenario): Promise<Outcome> {
  const outcome: Outcome = { violations: [], tokens: 0, verifications: 0, unavailable: 0, early: 0, unknownVault: 0 };
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

  /** When a key that was looked for a second ago may not have been there yet, or not with these attributes. */
  let changedAt = Number.NEGATIVE_INFINITY;
  /** Until when keys may sign that nobody expected to, since their turn came on short notice. */
  let surprisedUntil = Number.NEGATIVE_INFINITY;
  const leadSeconds = times.leadMs / 1_000;

  const spanOf = ({ createdOn, notBefore, expiresOn }: KeyProperties): Span => [
    Math.max(createdOn?.getTime() ?? Number.NaN, notBefore?.getTime() ?? Number.NEGATIVE_INFINITY),
    expiresOn?.getTime() ?? Number.POSITIVE_INFINITY,
  ];
  const overlap = ([from, to]: Span, [start, end]: Span): Span => {
    const begin = Math.max(from, start);
    return begin < Math.min(to, end) ? [begin, Math.min(to, end)] : [0, 0];
  };
  /** Whether some version of an age can sign, by the clock of its vault, from so many seconds before now until after. */
  const someCanSign = (instance: Instance, before: number, after: number, minAge = 0) =>
    instance.vaults.some(({ versions }) =>
      versions.some((properties) => {
        const [from, to] = spanOf(properties);
        const isOldEnough = (properties.createdOn?.getTime() ?? Number.NaN) <= (seconds - minAge) * 1_000;
        return isOldEnough && from <= (seconds - before) * 1_000 && (seconds + after) * 1_000 < to;
      }),
    );

  const learnNewestKey = async (vault: FakeSigningVault) => {
    const { before } = vault;
    vault.before = () => undefined;
    const { key } = await vault.keys.getKey(SIGNING_KEY_NAME);
    vault.before = before;
    const [n, e] = [key?.n, key?.e].map((part) => Buffer.from(part ?? []).toString("base64url"));
    const kid = await calculateJwkThumbprint({ kty: "RSA", n: n ?? "", e: e ?? "" });
    keys.set(kid, { vault, properties: at(vault.versions, vault.versions.length - 1) });
    changedAt = seconds;
  };
  const validity = ({ nbf, exp }: RelativeValidity): Validity => ({
    ...(nbf !== undefined && { notBefore: new Date(Math.floor(seconds + nbf) * 1_000) }),
    ...(exp !== undefined && { expiresOn: new Date(Math.floor(seconds + exp) * 1_000) }),
  });
  const rotate = async (vault: FakeSigningVault, attributes: RelativeValidity) => {
    vault.rotate(validity(attributes));
    await learnNewestKey(vault);
  };
  const change = (vault: FakeSigningVault, attributes: RelativeValidity) => {
    const newest = at(vault.versions, vault.versions.length - 1);
    const soon: Span = [seconds * 1_000, (seconds + leadSeconds + 2 * MAX_SKEW_SECONDS) * 1_000];
    const before = overlap(spanOf(newest), soon);
    vault.update(validity(attributes), newest);
    changedAt = seconds;
    const isSurprise = before.join() !== overlap(spanOf(newest), soon).join();
    if (isSurprise) surprisedUntil = Math.max(surprisedUntil, seconds + leadSeconds + 2 * MAX_SKEW_SECONDS);
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
    const seen = vaults.map((vault) => (scenario.see ? seenBy(vault, scenario.see, now) : vault));
    const options = { vaults: seen, keyName: SIGNING_KEY_NAME, times, retry: createRetryPolicy(clock), clock };
    return { vaults: [...vaults], skew, now, signer: createSigner(options) };
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
  let tokens: { kid: string; deadAt: number; isSurprise: boolean }[] = [];

  const unavailable = (what: string, instance: Instance) => {
    outcome.unavailable += 1;
    const isKnown = seconds - changedAt > LOOK_AGAIN_SECONDS && someCanSign(instance, LOOK_AGAIN_SECONDS, 0);
    if (!vaults.some(wasDown) && isKnown) violate(`${what}, although no vault is out of reach, and one can sign`);
  };

  const createdMsOf = (kid: string) => keys.get(kid)?.properties.createdOn?.getTime() ?? Number.NaN;
  const issue = async (instance: Instance) => {
    const { signer, now } = instance;
    const grant = { clientId: "socmate-test-abc123", scopes: [], issuedAt: now(), lifetimeSeconds: tokenLifeSeconds };
    const claims = accessTokenClaims({ issuer: "https://auth.example", audience: "https://api.example", ...grant });
    const signed = await signer.accessToken(claims, createContext()).catch(() => undefined);
    if (!signed) return unavailable("there is no key to sign with", instance);
    const createdMs = createdMsOf(signed.kid);
    const firstMs = Math.min(...[...keys.keys()].map(createdMsOf));
    const isEarly = createdMs > firstMs && now().getTime() < createdMs + times.leadMs;
    const isSurprise = isEarly || seconds < surprisedUntil;
    const skew = 2 * MAX_SKEW_SECONDS;
    if (isEarly && seconds >= surprisedUntil && someCanSign(instance, skew, skew, leadSeconds + skew)) {
      violate("a key signs before its lead is over, although another one can");
    }
    outcome.tokens += 1;
    if (isEarly) outcome.early += 1;
    tokens.push({ kid: signed.kid, deadAt: seconds + tokenLifeSeconds + 2 * MAX_SKEW_SECONDS, isSurprise });
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
    unavailable("there is no key set", first);
    return false;
  };

  const verify = (verifier: Verifier, { kid, isSurprise }: { kid: string; isSurprise: boolean }) => {
    outcome.verifications += 1;
    if (verifier.kids.has(kid) || isSurprise) return;
    const vault = keys.get(kid)?.vault;
    if (verifier.isIncomplete && vault && wasDown(vault)) outcome.unknownVault += 1;
    else violate("a live token does not verify");
  };
  const verifyAll = async () => {
    tokens = tokens.filter(({ deadAt }) => seconds < deadAt);
    for (const verifier of verifiers) {
      const isCached = !verifier.isIncomplete && seconds <= verifier.until;
      if (isCached || (await fetchKeys(verifier))) for (const token of tokens) verify(verifier, token);
    }
  };

  const agenda = [...scenario.events];
  const rollOutVault = async (rolloutSeconds: number) => {
    await addVault();
    for (const index of skews.keys()) {
      const delay = (rolloutSeconds * (index + 1)) / skews.length;
      agenda.push({ kind: "restart", at: seconds + delay, instance: index });
    }
  };
  const happen = async (event: WorldEvent) => {
    if (event.kind === "token") await issue(at(instances, event.instance));
    if (event.kind === "restart") instances[event.instance % instances.length] = start(at(skews, event.instance));
    if (event.kind === "scale from zero") instances.splice(0, instances.length, ...skews.map(start));
    if (event.kind === "outage") outageEnds.set(at(vaults, event.vault), seconds + event.seconds);
    if (event.kind === "rotate") await rotate(at(vaults, event.vault), event);
    if (event.kind === "change") change(at(vaults, event.vault), event);
    if (event.kind === "add vault") await rollOutVault(event.rolloutSeconds);
  };

  const nextEvent = () => agenda.sort((a, b) => b.at - a.at).pop();
  for (let event = nextEvent(); event; event = nextEvent()) {
    seconds = event.at;
    await happen(event);
    await verifyAll();
    // What was begun beside the requests ends now: answers take no time here.
    await new Promise(setImmediate);
  }

  // When everything is over and the last token is dead, each vault has one key left, unless all of them have expired.
  const edges = [...keys.values()].flatMap(({ properties }) => spanOf(properties)).filter(Number.isFinite);
  seconds = Math.max(seconds, ...edges.map((ms) => ms / 1_000), ...outageEnds.values());
  seconds += (times.leadMs + times.keepMs) / 1_000 + MAX_SKEW_SECONDS;
  const lasting = vaults.filter(({ versions }) => versions.some(({ expiresOn }) => !expiresOn)).length;
  for (const { signer } of instances) {
    const left = await signer.jwks().then(
      ({ keys }) => keys.length,
      () => 0,
    );
    if (left !== lasting) violate(`${left} keys are left of ${lasting} vaults`);
  }
  return outcome;
}

/** Makes a vault whose lists show the versions otherwise than they are. */
function seenBy(vault: FakeSigningVault, see: NonNullable<Scenario["see"]>, now: () => Date): SigningVault {
  async function* listPropertiesOfKeyVersions(name: string) {
    for await (const version of vault.keys.listPropertiesOfKeyVersions(name)) yield see(version, now());
  }
  const { url, cryptography, keys } = vault;
  return { url, cryptography, keys: { getKey: keys.getKey, listPropertiesOfKeyVersions } };
}

function at<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}
