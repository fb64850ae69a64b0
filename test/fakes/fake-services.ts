import { type AdminIssuer, type Claims, startAdminIssuer } from "../../local/azure/admin-issuer.ts";
import { generateClientSecret, hashClientSecret } from "../../shared/clients/client-secret.ts";
import { newClient } from "../../shared/clients/new-client.ts";
import { hintOf } from "../../shared/clients/secret-hints.ts";
import { compose } from "../../shared/compose.ts";
import type { Config } from "../../shared/config.ts";
import type { Client, NewClient } from "../../shared/model/client.ts";
import { backgroundContext } from "../../shared/request/context.ts";
import type { Services } from "../../shared/services.ts";
import { createClock, type FakeClock } from "./fake-clock.ts";
import { createFakeSecretVault, type FakeSecretVault } from "./fake-secret-vault.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "./fake-signing-vault.ts";
import { createFakeTable, type FakeTable } from "./fake-table.ts";

/** A new API client with its secret. */
export interface NewApiClient {
  client: Client;
  clientId: string;
  clientSecret: string;
}

/** `Services` on fakes of Azure, which other instances may share. */
export interface FakeServices extends Services {
  readonly azure: FakeAzure;
  /** Creates an API client as `create` does. */
  addClient(input?: Partial<NewClient>): Promise<NewApiClient>;
  /** Returns an admin token that is valid by the fake clock. The given claims replace its own. */
  adminToken(claims?: Claims): string;
}

/** The fakes of Azure that the instances of a service share. */
export interface FakeAzure {
  readonly clock: FakeClock;
  readonly table: FakeTable;
  readonly usageTable: FakeTable;
  readonly secretVault: FakeSecretVault;
  /** A test may add a vault before it makes the instances that use it. */
  readonly signingVaults: FakeSigningVault[];
  readonly adminIssuer: AdminIssuer;
}

/** Shared by all tests of a process: its key is slow to make, and it has no mutable state. */
let adminIssuer: Promise<AdminIssuer> | undefined;

/** Makes the fakes of one test: empty stores, a vault with a signing key, a fake clock. */
export async function createFakeAzure(): Promise<FakeAzure> {
  adminIssuer ??= startWarmIssuer();
  const clock = createClock();
  return {
    clock,
    table: createFakeTable(),
    usageTable: createFakeTable(),
    secretVault: createFakeSecretVault(clock.now),
    signingVaults: [createFakeSigningVault(clock.now)],
    adminIssuer: await adminIssuer,
  };
}

/** Starts the issuer and fetches its keys once: the first `fetch` of a process may exceed the authenticator's deadline. */
async function startWarmIssuer(): Promise<AdminIssuer> {
  const issuer = await startAdminIssuer();
  await (await fetch(issuer.jwksUrl)).arrayBuffer();
  return issuer;
}

/** Makes one instance of the service, with other settings where they are given. Instances with the same fakes belong to one service. */
export async function createFakeServices(shared?: FakeAzure, settings: Partial<Config> = {}): Promise<FakeServices> {
  const azure = shared ?? (await createFakeAzure());
  const { clock } = azure;
  const { now } = clock;
  const config = { ...configFor(azure), ...settings };
  const { secretVault } = azure;
  const services = compose(config, { ...azure, readSecretPage: secretVault.readPage }, clock);
  const { clients, secrets } = services;

  return {
    ...services,
    azure,

    async addClient(input = {}) {
      const defaults: NewClient = {
        name: "XSOAR Production",
        description: "Palo Alto XSOAR integration for automated investigation",
        scopes: ["investigations:read", "investigations:write", "incidents:read"],
      };
      const context = backgroundContext(clock, 5_000);
      const client = newClient({ ...defaults, ...input }, config.clientIdPrefix, "admin-user-id", now());
      const clientSecret = generateClientSecret();
      const secretName = await secrets.put(client.clientId, hashClientSecret(client.clientId, clientSecret), context);
      if (!(await clients.insert(client, { secretName, secretHint: hintOf(clientSecret) }, context)))
        throw new Error("the client_id is taken");
      return { client, clientId: client.clientId, clientSecret };
    },

    adminToken(claims = {}) {
      const iat = Math.floor(now().getTime() / 1000);
      return azure.adminIssuer.token({ iat, nbf: iat, exp: iat + 3600, ...claims });
    },
  };
}

function configFor({ adminIssuer, signingVaults }: FakeAzure): Config {
  const { issuer, audience, jwksUrl } = adminIssuer;
  return {
    tokenIssuer: "https://auth.socmate.example",
    tokenAudience: "https://api.socmate.example",
    tokenLifetimeSeconds: 1800,
    tokenReuse: { burst: 10, perSecond: 1, seconds: 10 },
    clientIdPrefix: "socmate",
    tablesUrl: "https://tables.example",
    secretsVaultUrl: "https://secrets.example",
    signingVaultUrls: signingVaults.map(({ url }) => url),
    signingKeyName: SIGNING_KEY_NAME,
    keyPublishLeadSeconds: 86_400,
    secretHashExpiryDays: undefined,
    admin: { issuer, audience, jwksUrl, role: "admin", scope: "administer" },
    azureClientId: undefined,
    consoleClientId: adminIssuer.consoleClientId,
    documentationUrl: undefined,
    callerAddress: "X-Azure-SocketIP",
  };
}
