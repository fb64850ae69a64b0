import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { close, listen } from "../../local/server/http-server.ts";
import { systemClock } from "../../shared/request/clock.ts";
import { createRetryPolicy } from "../../shared/request/retry.ts";
import { accessTokenClaims } from "../../shared/signing/access-token.ts";
import type { KeyTimes } from "../../shared/signing/key-ring.ts";
import { createSigner } from "../../shared/signing/signer.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "../fakes/fake-signing-vault.ts";
import { API_SCOPE } from "../support/protected-api.ts";

/** An issuer that keeps to a virtual clock: real signers on a fake vault, with discovery and key set over HTTP. */
export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  readonly vault: FakeSigningVault;
  /** Replaces the instance that issues tokens by a new one, which lists the keys of the vault as they are now. */
  replaceInstance(): void;
  /** Makes every answer take so long in real time, as over a network. */
  slowDown(milliseconds: number): void;
  /** Issues a token. */
  token(lifetimeSeconds?: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts an issuer with two instances, which is the worst case for a verifier: one issues the tokens, the other one serves the key set
 * and may know less.
 */
export async function startIssuer(times: KeyTimes, now: () => Date): Promise<Issuer> {
  const vault = createFakeSigningVault(now);
  const clock = { ...systemClock, now };
  const createInstance = () =>
    createSigner({ vaults: [vault], keyName: SIGNING_KEY_NAME, times, retry: createRetryPolicy(clock), clock });
  const publishing = createInstance();
  let issuing = createInstance();

  let answerMs = 0;

  const server = createServer(async (request, response) => {
    await sleep(answerMs);
    response.setHeader("content-type", "application/json");
    if (request.url === "/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }));
      return;
    }
    const { keys, maxAgeSeconds } = await publishing.jwks();
    response.setHeader("cache-control", `public, max-age=${maxAgeSeconds}`);
    response.end(JSON.stringify({ keys }));
  });
  const issuer = `http://127.0.0.1:${await listen(server)}`;
  const audience = "https://api.example";

  return {
    issuer,
    audience,
    vault,
    replaceInstance() {
      issuing = createInstance();
    },
    slowDown(milliseconds) {
      answerMs = milliseconds;
    },
    async token(lifetimeSeconds = 1_800) {
      const grant = { clientId: "socmate-test-abc123", scopes: [API_SCOPE], issuedAt: now(), lifetimeSeconds };
      const { accessToken } = await issuing.accessToken(
        accessTokenClaims({ issuer, audience, ...grant }),
        createContext(),
      );
      return accessToken;
    },
    close: () => close(server),
  };
}
