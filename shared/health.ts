import { backgroundCall } from "./call.ts";
import type { ClientStore } from "./client-store.ts";
import type { SecretStore } from "./secret-store.ts";
import type { Signer } from "./signer.ts";

/** The parts that a token needs. */
export interface HealthReport {
  table: "ok" | "unavailable";
  secrets_vault: "ok" | "unavailable";
  signing_key: "ok" | "unavailable";
}

/** Tells whether the service could issue tokens. */
export interface Health {
  /** The state of each part, at most ten seconds old: anybody may ask, so asking must not cost Azure calls. */
  report(): Promise<HealthReport>;
}

const MAX_AGE_MS = 10_000;
const PROBE_TIMEOUT_MS = 4_000;

interface Probed {
  clients: Pick<ClientStore, "find">;
  secrets: Pick<SecretStore, "probe">;
  signer: Pick<Signer, "probe">;
  now: () => Date;
}

/** Makes the health of a process; each probe asks for as little as shows that its part works. */
export function createHealth({ clients, secrets, signer, now }: Probed): Health {
  let last: Promise<HealthReport> | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;

  const probe = async (): Promise<HealthReport> => {
    const call = backgroundCall(PROBE_TIMEOUT_MS);
    const [table, secretsVault, signingKey] = await Promise.all([
      stateOf(clients.find("health-probe", call)),
      stateOf(secrets.probe(call)),
      stateOf(signer.probe(call)),
    ]);
    return { table, secrets_vault: secretsVault, signing_key: signingKey };
  };

  return {
    report() {
      const time = now().getTime();
      if (!last || time - lastAt >= MAX_AGE_MS) {
        last = probe();
        lastAt = time;
      }
      return last;
    },
  };
}

async function stateOf(probe: Promise<unknown>): Promise<"ok" | "unavailable"> {
  return probe.then(
    () => "ok",
    () => "unavailable",
  );
}
