import type { KeyClient } from "@azure/keyvault-keys";
import { z } from "zod";
import { loopbackCertificate } from "./azure/certificate.ts";
import { startIdentity } from "./azure/identity.ts";
import { dataDir, findRunningStack } from "./running-stack.ts";
import { disableSigningKey, newestSigningKid, rotateSigningKey, signingKeyClient } from "./signing-keys.ts";

// `npm run keys`: prints the active and the next signing key of the running stack, and a new one that the service has not read yet.
// `npm run keys -- rotate`: creates a new version of the key in each signing vault.
// `npm run keys -- disable <kid>`: disables a version, as in an emergency.

const health = z.object({
  signing_vaults: z.array(
    z.object({
      reachable: z.boolean(),
      active: z.object({ kid: z.string(), since: z.string() }).nullable(),
      next: z.object({ kid: z.string(), active_from: z.string() }).nullable(),
      published: z.number(),
    }),
  ),
});

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run([command = "show", kid = "", ...rest]: string[]): Promise<void> {
  const dir = dataDir();
  const stack = await findRunningStack(dir);
  if (!stack) throw new Error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  const urls = stack.signingVaultUrls.split(",");

  if (command === "show" && !kid) await show(`${stack.url}/health`, urls, await clients(dir, urls));
  else if (command === "rotate" && !kid) await rotate(await clients(dir, urls));
  else if (command === "disable" && kid && rest.length === 0) await disable(await clients(dir, urls), kid);
  else throw new Error("Usage: npm run keys [-- rotate | disable <kid>]");
}

async function show(healthUrl: string, urls: string[], vaultClients: KeyClient[]): Promise<void> {
  const { signing_vaults: vaults } = health.parse(await (await fetch(healthUrl)).json());
  for (const [index, { reachable, active, next, published }] of vaults.entries()) {
    console.log(`${urls[index]}  ${reachable ? "reachable" : "not reachable"}, ${published} published`);
    console.log(`  active  ${active ? `${active.kid}  since ${active.since}` : "none"}`);
    console.log(`  next    ${next ? `${next.kid}  from ${next.active_from}, ${fromNow(next.active_from)}` : "none"}`);
    // The service reads the versions every few minutes, and /health is cached.
    const newest = vaultClients[index] && (await newestSigningKid(vaultClients[index]));
    if (newest && newest !== active?.kid && newest !== next?.kid) {
      console.log(`  new     ${newest}  not read by the service yet`);
    }
  }
}

async function rotate(vaults: KeyClient[]): Promise<void> {
  for (const keys of vaults) console.log(`${keys.vaultUrl}  ${await rotateSigningKey(keys)}`);
}

async function disable(vaults: KeyClient[], kid: string): Promise<void> {
  for (const keys of vaults) {
    if (await disableSigningKey(keys, kid)) return console.log(`${keys.vaultUrl}  disabled`);
  }
  throw new Error("No signing vault has an enabled key with this kid.");
}

/** Creates SDK clients that authenticate as the identity of the stack, whose key is in the stack's folder. */
async function clients(dir: string, urls: string[]): Promise<KeyClient[]> {
  const [certificate, identity] = await Promise.all([loopbackCertificate(dir), startIdentity({ dir })]);
  await identity.close();
  return urls.map((url) => signingKeyClient(url, identity, certificate));
}

function fromNow(time: string): string {
  return `in ${Math.max(Math.ceil((Date.parse(time) - Date.now()) / 1_000), 0)} s`;
}
