import { type FaultProxy, startFaultProxy } from "./faults/fault-proxy.ts";
import type { Faults } from "./faults/faults.ts";
import type { Stack } from "./stack.ts";

/** A stack whose service goes through fault proxies to everything that it needs. */
export interface FaultyStack extends Pick<Stack, "settings" | "port"> {
  /** Settles when all that was to be applied later has been. */
  settled(): Promise<void>;
  /** Ends the proxies, not the stack behind them. */
  close(): Promise<void>;
}

/** Puts a proxy in front of every stand-in; an instance that is started on what this returns runs into the faults. */
export async function startFaultyStack(
  stack: Pick<Stack, "settings" | "port" | "certificate">,
  faults: Faults,
): Promise<FaultyStack> {
  const proxies: FaultProxy[] = [];
  const proxied = async (target: string): Promise<string> => {
    const proxy = await startFaultProxy(target, stack.certificate, faults);
    proxies.push(proxy);
    return proxy.url;
  };
  const { TABLES_URL, SECRETS_VAULT_URL, SIGNING_VAULT_URLS, ADMIN_JWKS_URL, IDENTITY_ENDPOINT } = stack.settings;
  return {
    settings: {
      ...stack.settings,
      TABLES_URL: await proxied(TABLES_URL),
      SECRETS_VAULT_URL: await proxied(SECRETS_VAULT_URL),
      SIGNING_VAULT_URLS: (await Promise.all(SIGNING_VAULT_URLS.split(",").map(proxied))).join(),
      ADMIN_JWKS_URL: await proxied(ADMIN_JWKS_URL),
      IDENTITY_ENDPOINT: await proxied(IDENTITY_ENDPOINT),
    },
    port: stack.port,
    settled: async () => void (await Promise.all(proxies.map((proxy) => proxy.settled()))),
    close: async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))),
  };
}
