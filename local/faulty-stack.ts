import { type FaultProxy, startFaultProxy } from "./faults/fault-proxy.ts";
import type { Faults } from "./faults/faults.ts";
import type { Stack } from "./stack.ts";

/** A stack whose settings lead the service through fault proxies. */
export interface FaultyStack extends Pick<Stack, "settings" | "port"> {
  /** Settles when no request is held back or under way. */
  settled(): Promise<void>;
  /** Closes the proxies. The stack behind them stays open. */
  close(): Promise<void>;
}

/** Starts a fault proxy in front of every emulator of a stack. An instance on the returned stack meets the faults. */
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
