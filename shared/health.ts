import type { ClientStore } from "./clients/client-store.ts";
import type { SecretStore } from "./clients/secret-store.ts";
import { wholeSeconds } from "./model/client.ts";
import type { Clock } from "./request/clock.ts";
import { backgroundContext } from "./request/context.ts";
import { Memo } from "./request/memo.ts";
import type { Signer } from "./signing/signer.ts";
import type { VaultReport } from "./signing/vault-report.ts";

type State = "ok" | "unavailable";

/** The parts that a token needs, and the signing vaults in the order of the settings, which are not named here. */
export interface HealthReport {
  table: State;
  secrets_vault: State;
  signing_key: State;
  signing_vaults: SigningVaultHealth[];
}

/** One signing vault; times are UTC. */
export type SigningVaultHealth = ReturnType<typeof vaultHealth>;

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
  signer: Pick<Signer, "report">;
  clock: Clock;
}

/** Makes the health of a process; each probe asks for as little as shows that its part works. */
export function createHealth({ clients, secrets, signer, clock }: Probed): Health {
  const reports = new Memo<HealthReport>({ maxEntries: 1, maxAgeMs: MAX_AGE_MS }, clock);

  const probe = async (): Promise<HealthReport> => {
    const context = backgroundContext(clock, PROBE_TIMEOUT_MS);
    const [table, secretsVault, vaults] = await Promise.all([
      stateOf(clients.find("health-probe", context)),
      stateOf(secrets.probe(context)),
      signer.report(context),
    ]);
    return {
      table,
      secrets_vault: secretsVault,
      signing_key: vaults.some(({ signs }) => signs) ? "ok" : "unavailable",
      signing_vaults: vaults.map(vaultHealth),
    };
  };

  return { report: () => reports.get("report", probe) };
}

async function stateOf(probe: Promise<unknown>): Promise<State> {
  return probe.then(
    () => "ok",
    () => "unavailable",
  );
}

function vaultHealth({ reachable, active, next, published }: VaultReport) {
  return {
    reachable,
    active: active ? { kid: active.kid, since: wholeSeconds(new Date(active.since)) } : null,
    next: next ? { kid: next.kid, active_from: wholeSeconds(new Date(next.activeFrom)) } : null,
    published,
  };
}
