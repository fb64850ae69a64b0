import type { ClientStore } from "./clients/client-store.ts";
import type { SecretStore } from "./clients/secret-store.ts";
import { wholeSeconds } from "./model/client.ts";
import type { Clock } from "./request/clock.ts";
import { backgroundContext } from "./request/context.ts";
import { Memo } from "./request/memo.ts";
import { HEALTH_PROBE_TIMEOUT_MS, HEALTH_REPORT_MAX_AGE_MS } from "./request/time-limits.ts";
import type { Signer } from "./signing/signer.ts";
import { DAY_MS } from "./signing/times.ts";
import type { VaultReport } from "./signing/vault-report.ts";

type State = "ok" | "unavailable";

/** The state of each part that a token needs. Signing vaults are in the order of the settings, without names: health is public. */
export interface HealthReport {
  table: State;
  secrets_vault: State;
  signing_key: State;
  signing_vaults: SigningVaultHealth[];
}

/** The state of one signing vault; times are UTC. */
export type SigningVaultHealth = ReturnType<typeof vaultHealth>;

/** Reports whether the service can issue tokens. */
export interface Health {
  /** Returns the state of each part, at most ten seconds old: the endpoint is public, so a request must not cost calls to Azure. */
  report(): Promise<HealthReport>;
}

interface Probed {
  clients: Pick<ClientStore, "find">;
  secrets: Pick<SecretStore, "probe">;
  signer: Pick<Signer, "report">;
  clock: Clock;
}

/** Creates the health report of a process. Each probe is the cheapest call that shows that its part works. */
export function createHealth({ clients, secrets, signer, clock }: Probed): Health {
  const reports = new Memo<HealthReport>({ maxEntries: 1, maxAgeMs: HEALTH_REPORT_MAX_AGE_MS }, clock);

  const probe = async (): Promise<HealthReport> => {
    const context = backgroundContext(clock, HEALTH_PROBE_TIMEOUT_MS);
    const [table, secretsVault, vaults] = await Promise.all([
      stateOf(clients.find("health-probe", context)),
      stateOf(secrets.probe(context)),
      signer.report(context),
    ]);
    return {
      table,
      secrets_vault: secretsVault,
      signing_key: vaults.some(({ signs }) => signs) ? "ok" : "unavailable",
      signing_vaults: vaults.map((vault) => vaultHealth(vault, clock.now())),
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

function vaultHealth({ reachable, active, next, expiredAt, published }: VaultReport, now: Date) {
  return {
    reachable,
    active: active ? { kid: active.kid, since: timeOf(active.since), ...expiryOf(active.expiresAt, now) } : null,
    next: next ? { kid: next.kid, active_from: timeOf(next.activeFrom) } : null,
    expired_at: expiredAt === undefined ? null : timeOf(expiredAt),
    published,
  };
}

/** Whole days are left until an expiry; both members are `null` for a key without one. */
function expiryOf(expiresAt: number, now: Date): { expires_at: string | null; days_left: number | null } {
  if (expiresAt === Number.POSITIVE_INFINITY) return { expires_at: null, days_left: null };
  const daysLeft = Math.floor((expiresAt - now.getTime()) / DAY_MS);
  return { expires_at: timeOf(expiresAt), days_left: Math.max(daysLeft, 0) };
}

function timeOf(time: number): string {
  return wholeSeconds(new Date(time));
}
