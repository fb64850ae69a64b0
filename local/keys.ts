import type { KeyClient } from "@azure/keyvault-keys";
import { z } from "zod";
import { loopbackCertificate } from "./azure/certificate.ts";
import { startIdentity } from "./azure/identity.ts";
import { dataDir, findRunningStack } from "./running-stack.ts";
import { newestSigningKid, rotateSigningKey, signingKeyClient, updateSigningKey } from "./signing-keys.ts";

// `npm run keys`: prints the active and the next signing key of the running stack, and a new one that the service has not read yet.
// `npm run keys -- rotate`: creates a new version of the key in each signing vault.
// `npm run keys -- disable <kid>`: disables a version, as in an emergency.
// `npm run keys -- expires <kid> <when>`, `begins`: sets `exp` or `nbf` of a version, as an administrator may. A time, or seconds from now.

const health = z.object({
  signing_vaults: z.array(
    z.object({
      reachable: z.boolean(),
      active: z
        .object({
          kid: z.string(),
          since: z.string(),
          expires_at: z.string().nullable(),
          days_left: z.number().nullable(),
        })
        .nullable(),
      next: z.object({ kid: z.string(), active_from: z.string() }).nullable(),
      expired_at: z.string().nullable(),
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

async function run([command = "show", kid = "", when = "", ...rest]: string[]): Promise<void> {
  const dir = dataDir();
  const stack = await findRunningStack(dir);
  if (!stack) throw new Error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  const urls = stack.signingVaultUrls.split(",");

  const time = timeOf(when);
  if (command === "show" && !kid) await show(`${stack.url}/health`, urls, await clients(dir, urls));
  else if (command === "rotate" && !kid) await rotate(await clients(dir, urls));
  else if (rest.length > 0 || !kid) throw usage();
  else if (command === "disable" && !when) await update(await clients(dir, urls), kid, { enabled: false }, "disabled");
  else if (command === "expires" && time) {
    await update(await clients(dir, urls), kid, { expiresOn: time }, `expires at ${textOf(time)}`);
  } else if (command === "begins" && time) {
    await update(await clients(dir, urls), kid, { notBefore: time }, `begins at ${textOf(time)}`);
  } else throw usage();
}

function usage(): Error {
  return new Error(
    "Usage: npm run keys [-- rotate | disable <kid> | expires <kid> <when> | begins <kid> <when>]; <when> is a time like 2027-01-31T12:00:00Z, or a number of seconds from now.",
  );
}

/** Reads a time, or seconds from now, in the whole seconds of Key Vault; `undefined` if it is neither. */
function timeOf(text: string): Date | undefined {
  const time = /^-?\d+$/.test(text) ? Date.now() + Number(text) * 1_000 : Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(Math.floor(time / 1_000) * 1_000);
}

async function show(healthUrl: string, urls: string[], vaultClients: KeyClient[]): Promise<void> {
  const { signing_vaults: vaults } = health.parse(await (await fetch(healthUrl)).json());
  for (const [index, { reachable, active, next, expired_at, published }] of vaults.entries()) {
    console.log(`${urls[index]}  ${reachable ? "reachable" : "not reachable"}, ${published} published`);
    const expiry = active?.expires_at ? `, expires ${active.expires_at}, ${active.days_left} days left` : "";
    const none = expired_at ? `none, the last one expired ${expired_at}` : "none";
    console.log(`  active  ${active ? `${active.kid}  since ${active.since}${expiry}` : none}`);
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

async function update(
  vaults: KeyClient[],
  kid: string,
  changes: Parameters<typeof updateSigningKey>[2],
  done: string,
): Promise<void> {
  for (const keys of vaults) {
    if (await updateSigningKey(keys, kid, changes)) return console.log(`${keys.vaultUrl}  ${done}`);
  }
  throw new Error("No signing vault has an enabled key with this kid.");
}

/** Creates SDK clients that authenticate as the identity of the stack, whose key is in the stack's folder. */
async function clients(dir: string, urls: string[]): Promise<KeyClient[]> {
  const [certificate, identity] = await Promise.all([loopbackCertificate(dir), startIdentity({ dir })]);
  await identity.close();
  return urls.map((url) => signingKeyClient(url, identity, certificate));
}

function textOf(time: Date): string {
  return time.toISOString().replace(".000", "");
}

function fromNow(time: string): string {
  return `in ${Math.max(Math.ceil((Date.parse(time) - Date.now()) / 1_000), 0)} s`;
}
