import * as z from "zod";
import type { AdminSettings } from "./admin/admin-auth.ts";
import type { AzureSettings } from "./azure/ports.ts";
import { ADDRESS_HEADERS, type AddressHeader } from "./http/caller.ts";
import { isLoopback } from "./model/loopback.ts";
import { wholeNumber } from "./model/whole-number.ts";
import { PublicError } from "./request/public-error.ts";
import {
  LONGEST_KEY_SET_CACHE_SECONDS,
  MAX_SECRET_HASH_EXPIRY_DAYS,
  MAX_TOKEN_LIFETIME_SECONDS,
  MIN_KEY_PUBLISH_LEAD_SECONDS,
  MIN_SECRET_HASH_EXPIRY_DAYS,
  OPERATOR_RETRY_AFTER_SECONDS,
} from "./request/time-limits.ts";
import { SHORTEST_USUAL_LEAD_SECONDS } from "./signing/key-ring.ts";
import type { TokenSettings } from "./tokens/signed-tokens.ts";

/** The app settings, parsed. */
export interface Config extends TokenSettings, AzureSettings {
  clientIdPrefix: string;
  signingKeyName: string;
  keyPublishLeadSeconds: number;
  /** The days for which an expiry date of a secret hash is set and renewed; `undefined`: hashes have none. */
  secretHashExpiryDays: number | undefined;
  admin: AdminSettings;
  /** The client id of the admin page's app registration; `undefined` turns the page off. */
  consoleClientId: string | undefined;
  /** The page that explains the errors of the token endpoint; `undefined` leaves `error_uri` out. */
  documentationUrl: string | undefined;
  /** The header that names the address of a caller. */
  callerAddress: AddressHeader;
}

/** The error for wrong app settings, with all their faults. Requests get 503 until the settings are corrected. */
export class ConfigError extends PublicError {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(503, {
      reason: "wrong_settings",
      note: faults.join(" "),
      retryAfterSeconds: OPERATOR_RETRY_AFTER_SECONDS,
    });
    this.faults = faults;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

const text = z.string({ error: ({ input }) => (input === undefined ? "is missing." : "must be text.") });

const amount = (minimum: number, maximum: number, unit = "seconds") =>
  wholeNumber(text, {
    minimum,
    maximum,
    notWhole: `must be a whole number of ${unit}.`,
    tooSmall: `must be at least ${minimum}.`,
    tooLarge: `must be at most ${maximum}.`,
  });

/** https; http is accepted for a loopback host alone. */
const url = text.refine(
  isSecureUrl,
  "must be an https URL without credentials, query or fragment (http is for loopback hosts alone).",
);
/** The characters of `error_uri` (RFC 6749 §5.2). */
const errorUri = url.regex(/^[^"\\]*$/, "must not have a quote or a backslash.");
const origin = url.refine(
  (value) => !isSecureUrl(value) || new URL(value).origin === value,
  "must end after the host, without a slash.",
);

const guid = (what: string) =>
  text.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, `must be the client id (a GUID) of ${what}.`);

const list = (item: z.ZodType<string, string>, what: string) =>
  text
    .transform((items) => items.split(",").map((each) => each.trim()))
    .pipe(z.array(item).refine(isSet, `must not repeat ${what}.`));

const settingsSchema = z.object({
  TOKEN_ISSUER: origin,
  TOKEN_AUDIENCE: url,
  TOKEN_LIFETIME_SECONDS: amount(300, MAX_TOKEN_LIFETIME_SECONDS).default(1800),
  TOKEN_REUSE_BURST: amount(0, 1_000, "tokens").default(10),
  TOKEN_REUSE_PER_SECOND: amount(0, 1_000, "tokens").default(1),
  // Far below the shortest token life, so that a reused token has nearly all of its life left.
  TOKEN_REUSE_SECONDS: amount(0, 60).default(10),
  CLIENT_ID_PREFIX: text
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be words of a-z and 0-9 joined by hyphens.")
    .max(24, "must be at most 24 characters long.")
    .default("socmate"),
  TABLES_URL: url,
  SECRETS_VAULT_URL: origin,
  SIGNING_VAULT_URLS: list(origin, "a vault"),
  SIGNING_KEY_NAME: text.regex(
    /^[0-9a-zA-Z-]{1,127}$/,
    "must be the name of a Key Vault key: letters, digits and hyphens.",
  ),
  KEY_PUBLISH_LEAD_SECONDS: amount(MIN_KEY_PUBLISH_LEAD_SECONDS, 2_592_000).default(86_400),
  SECRET_HASH_EXPIRY_DAYS: amount(MIN_SECRET_HASH_EXPIRY_DAYS, MAX_SECRET_HASH_EXPIRY_DAYS, "days").optional(),
  ADMIN_ISSUER: url,
  ADMIN_AUDIENCE: text.min(1, "must not be empty."),
  ADMIN_JWKS_URL: url,
  ADMIN_ROLE: text.min(1, "must not be empty.").default("admin"),
  // RFC 6749 §3.3
  ADMIN_SCOPE: text.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "must be the name of one scope.").default("administer"),
  ADMIN_CLIENT_IDS: list(guid("an application").toLowerCase(), "an application").optional(),
  AZURE_CLIENT_ID: guid("a managed identity").optional(),
  CONSOLE_CLIENT_ID: guid("the admin page's app registration").optional(),
  DOCUMENTATION_URL: errorUri.optional(),
  CALLER_ADDRESS: z.enum(ADDRESS_HEADERS, `must be ${ADDRESS_HEADERS.join(" or ")}.`).default("X-Forwarded-For"),
});

/** The names of the app settings. */
export const SETTING_NAMES = Object.keys(settingsSchema.shape);

/**
 * Reads the app settings. An empty setting is a fault and not a default.
 *
 * @throws ConfigError with all faults.
 */
export function readConfig(env: Env): Config {
  const { data: settings, error } = settingsSchema.safeParse(env);
  const faults = error?.issues.map(({ path, message }) => `${String(path[0])} ${message}`) ?? [];
  faults.push(...ownIssuerFaults(env), ...pageFaults(env), ...leadFaults(env));
  if (!settings || faults.length > 0) throw new ConfigError(faults);
  return {
    tokenIssuer: settings.TOKEN_ISSUER,
    tokenAudience: settings.TOKEN_AUDIENCE,
    tokenLifetimeSeconds: settings.TOKEN_LIFETIME_SECONDS,
    tokenReuse: {
      burst: settings.TOKEN_REUSE_BURST,
      perSecond: settings.TOKEN_REUSE_PER_SECOND,
      seconds: settings.TOKEN_REUSE_SECONDS,
    },
    clientIdPrefix: settings.CLIENT_ID_PREFIX,
    tablesUrl: settings.TABLES_URL,
    secretsVaultUrl: settings.SECRETS_VAULT_URL,
    signingVaultUrls: settings.SIGNING_VAULT_URLS,
    signingKeyName: settings.SIGNING_KEY_NAME,
    keyPublishLeadSeconds: settings.KEY_PUBLISH_LEAD_SECONDS,
    secretHashExpiryDays: settings.SECRET_HASH_EXPIRY_DAYS,
    admin: {
      issuer: settings.ADMIN_ISSUER,
      audience: settings.ADMIN_AUDIENCE,
      jwksUrl: settings.ADMIN_JWKS_URL,
      role: settings.ADMIN_ROLE,
      scope: settings.ADMIN_SCOPE,
      clientIds: settings.ADMIN_CLIENT_IDS,
    },
    azureClientId: settings.AZURE_CLIENT_ID,
    consoleClientId: settings.CONSOLE_CLIENT_ID,
    documentationUrl: settings.DOCUMENTATION_URL,
    callerAddress: settings.CALLER_ADDRESS,
  };
}

/** Refuses this service as the admin issuer: an access token must not pass for an admin token. */
function ownIssuerFaults({ TOKEN_ISSUER: own = "", ...env }: Env): string[] {
  return ["ADMIN_ISSUER", "ADMIN_JWKS_URL"]
    .filter((name) => isSameOrigin(env[name] ?? "", own))
    .map((name) => `${name} must not be this service itself (TOKEN_ISSUER).`);
}

/** Refuses a list of applications without the admin page: its tokens would not be accepted. */
function pageFaults({ ADMIN_CLIENT_IDS: clientIds, CONSOLE_CLIENT_ID: page }: Env): string[] {
  const isMissing = page && clientIds && !clientIds.toLowerCase().includes(page.toLowerCase());
  return isMissing ? ["ADMIN_CLIENT_IDS must have the application of the admin page (CONSOLE_CLIENT_ID)."] : [];
}

/** Refuses a lead within which a verifier may not have the key yet. A loopback issuer may have a short one, to watch a rotation. */
function leadFaults({ TOKEN_ISSUER: issuer = "", KEY_PUBLISH_LEAD_SECONDS: lead }: Env): string[] {
  const isOwnMachine = !URL.canParse(issuer) || isLoopback(issuer);
  const tooShort = LONGEST_KEY_SET_CACHE_SECONDS + SHORTEST_USUAL_LEAD_SECONDS;
  const isShort = Number(lead) >= MIN_KEY_PUBLISH_LEAD_SECONDS && Number(lead) <= tooShort;
  if (isOwnMachine || !isShort) return [];
  return [
    `KEY_PUBLISH_LEAD_SECONDS must be more than ${tooShort} (12 h 47 min): ASP.NET Core keeps the JWKS for up to 12 h 36 min, instances keep the list of keys, and clocks differ (less is for a loopback TOKEN_ISSUER alone).`,
  ];
}

function isSecureUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  const plain = username === "" && password === "" && !/[?#\s]/.test(value);
  return plain && (protocol === "https:" || (protocol === "http:" && isLoopback(value)));
}

function isSameOrigin(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}

function isSet(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
