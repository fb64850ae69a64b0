import { startStack } from "../local/stack.ts";
import { startKeyVault } from "../local/vault/key-vault.ts";
import { enforceLimits } from "../local/vault/vault-limits.ts";
import { atDistance } from "./distance.ts";
import type { EmulatorsOptions } from "./processes.ts";

const { signingVaults = 1, limits, distances }: EmulatorsOptions = JSON.parse(process.argv[2] ?? "{}");
const stack = await startStack();
const { certificate, identity, settings } = stack;

let signatures = 0;
/** Creation time of the signing keys: a key of this age is active in every vault. */
const twoDaysAgo = () => Date.now() - 2 * 86_400_000;
const vaults = await Promise.all(
  Array.from({ length: signingVaults }, async () => {
    const enforce = limits && enforceLimits(limits);
    const admit = (operation: string) => {
      enforce?.(operation);
      if (operation.endsWith(" sign")) signatures += 1;
    };
    const vault = await startKeyVault({ certificate, identity, clock: twoDaysAgo, admit });
    await vault.ensureKey(settings.SIGNING_KEY_NAME);
    return vault;
  }),
);

process.on("message", () => process.send?.(signatures));
process.on("disconnect", async () => {
  await Promise.all([stack.close(), ...vaults.map((vault) => vault.close())]);
  process.exit();
});
const vaultUrls = vaults.map(({ url }) => (distances ? atDistance(url, distances.vaultMs) : url));
const tablesUrl = distances ? atDistance(settings.TABLES_URL, distances.tableMs) : settings.TABLES_URL;
process.send?.({
  settings: { ...settings, SIGNING_VAULT_URLS: (await Promise.all(vaultUrls)).join(","), TABLES_URL: await tablesUrl },
  adminToken: stack.adminToken(),
});
