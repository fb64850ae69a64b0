import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { resourcesOf, type Snapshot, SUBSCRIPTION } from "../../bicep/cli.ts";
import { decodePath } from "../../local/host/kestrel.ts";
import { compileRoute } from "../../local/host/route.ts";
import { readConfig, SETTING_NAMES } from "../../shared/config.ts";
import { type Deployments, hasBicep, snapshotOf, takeDeployments, templateOf } from "./deployments.ts";
import { rateLimitOf } from "./firewall.ts";
import { appOf, appsOf, disabledIn, grantsOf, registeredFunctions, registeredRoutes, valuesOf } from "./reading.ts";

/** Every role that anything may have, and why: who | role | on. */
const ALLOWED = {
  "token | SoCMate token signer | signing vault": "signs access tokens and publishes the keys",
  "token | Key Vault Secrets User | secrets vault": "compares presented secrets with their hashes",
  "token | SoCMate row reader | clients table": "reads clients; cannot change one",
  "token | SoCMate usage writer | usage table": "notes their last use",
  "token | Storage Blob Data Owner | token host": "the Functions host keeps its package, keys and leases there",
  "token | Monitoring Metrics Publisher | insights": "sends telemetry, since there are no local keys",
  "admin | SoCMate client secret writer | secrets vault": "writes, reads back and disables hashes",
  "admin | SoCMate client row writer | clients table": "creates and changes clients",
  "admin | SoCMate row reader | usage table": "shows their last use",
  "admin | Key Vault Reader | signing vault": "lists public keys at start, as every instance does; cannot sign",
  "admin | Storage Blob Data Owner | admin host": "the Functions host keeps its package, keys and leases there",
  "admin | Monitoring Metrics Publisher | insights": "sends telemetry, since there are no local keys",
  "gateway | Key Vault Secrets User | gateway vault": "reads the one key that opens the admin app",
  "gateway | Monitoring Metrics Publisher | insights": "logs admin calls, without bodies",
};

describe.runIf(hasBicep)("the deployment", () => {
  let all: Deployments;
  beforeAll(() => {
    all = takeDeployments();
  }, 300_000);

  const each = (check: (snapshot: Snapshot, name: string) => void) => {
    for (const [name, snapshot] of Object.entries(all)) check(snapshot, name);
  };

  test("compiles with every parameters file, without a diagnostic", () => {
    each(({ predictedResources, diagnostics }, name) => {
      expect(diagnostics, name).toEqual([]);
      expect(predictedResources.length, name).toBeGreaterThan(50);
    });
  });

  test.each([
    ["front-door-without-host", "authHost and frontDoor go together"],
    ["private-behind-basic-gateway", "privateNetwork needs apiManagement.sku StandardV2"],
    ["private-behind-unknown-gateway", "privateNetwork needs apiManagement.existingSubnetPrefix"],
  ])(
    "refuses parameters that cannot work: %s",
    (name, why) => {
      expect(() => snapshotOf(join(import.meta.dirname, `${name}.bicepparam`))).toThrow(why);
    },
    60_000,
  );

  test("names all that is wrong at once, before anything is made", () => {
    expect(() => snapshotOf(join(import.meta.dirname, "wrong-in-every-way.bicepparam"))).toThrow(
      new RegExp(
        [
          "environmentName has lower-case letters",
          "consoleApplicationId is a registration of its own",
          "authHost and frontDoor go together",
          "apiHost and apiManagement.certificateSecretId go together",
          "privateNetwork needs apiManagement.sku StandardV2",
        ].join(".*"),
      ),
    );
  }, 60_000);

  describe("roles", () => {
    test("are the allowed ones, each with a reason, where the apps are two", () => {
      for (const name of ["production", "azd", "existingGateway"] as const) {
        expect(grantsOf(all[name]), name).toEqual(Object.keys(ALLOWED).sort());
      }
    });

    test("are the same ones together where one app does everything", () => {
      const merged = Object.keys(ALLOWED)
        .filter((grant) => !grant.includes("admin host"))
        .map((grant) => grant.replace(/^admin/, "token"));
      expect(grantsOf(all.dev)).toEqual([...new Set(merged)].sort());
    });

    test("that are ours allow what the apps do with data and nothing else", () => {
      const definitions = resourcesOf(all.production, "Microsoft.Authorization/roleDefinitions").map(
        ({ properties }) => [String(properties?.roleName), properties?.permissions],
      );
      const permissions = (...dataActions: string[]) => [
        { actions: [], notActions: [], dataActions, notDataActions: [] },
      ];
      const rows = "Microsoft.Storage/storageAccounts/tableServices/tables/entities";
      const vaults = "Microsoft.KeyVault/vaults";
      expect(Object.fromEntries(definitions)).toEqual({
        [`SoCMate token signer (rg-socmate-production, ${SUBSCRIPTION})`]: permissions(
          `${vaults}/keys/read`,
          `${vaults}/keys/sign/action`,
        ),
        [`SoCMate client secret writer (rg-socmate-production, ${SUBSCRIPTION})`]: permissions(
          `${vaults}/secrets/getSecret/action`,
          `${vaults}/secrets/readMetadata/action`,
          `${vaults}/secrets/setSecret/action`,
          `${vaults}/secrets/update/action`,
        ),
        [`SoCMate row reader (rg-socmate-production, ${SUBSCRIPTION})`]: permissions(`${rows}/read`),
        [`SoCMate usage writer (rg-socmate-production, ${SUBSCRIPTION})`]: permissions(
          `${rows}/add/action`,
          `${rows}/update/action`,
        ),
        [`SoCMate client row writer (rg-socmate-production, ${SUBSCRIPTION})`]: permissions(
          `${rows}/read`,
          `${rows}/add/action`,
          `${rows}/update/action`,
        ),
      });
    });
  });

  describe("apps", () => {
    test("get exactly the settings that the code reads, and the code accepts their values", () => {
      each((snapshot, name) => {
        for (const { kind, settings } of appsOf(snapshot)) {
          const ours = Object.keys(settings).filter(
            (setting) => !/^(AzureWebJobs|APPLICATIONINSIGHTS_|FUNCTIONS_)/.test(setting),
          );
          // Absent by default; one of the deployments sets them.
          const absent = name === "existingGateway" ? [] : ["DOCUMENTATION_URL", "SECRET_HASH_EXPIRY_DAYS"];
          expect(ours.sort(), `${name} ${kind}`).toEqual(
            SETTING_NAMES.filter((setting) => !absent.includes(setting)).sort(),
          );
          expect(() => readConfig(settings), `${name} ${kind}`).not.toThrow();
        }
      });
    });

    test("get the settings of the Functions host that keep a request from stalling others", () => {
      each((snapshot, name) => {
        for (const { kind, settings } of appsOf(snapshot)) {
          const { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, AzureWebJobsDisableHomepage } = settings;
          expect({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, AzureWebJobsDisableHomepage }, `${name} ${kind}`).toEqual({
            FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "131072",
            AzureWebJobsDisableHomepage: "true",
          });
        }
      });
    });

    test("run apart: the public one nothing that changes clients, the other nothing that issues tokens", () => {
      expect(disabledIn(appOf(all.production, "token").settings)).toEqual([
        ...["console", "create", "disable", "get", "list", "regenerate", "sweep"],
      ]);
      expect(disabledIn(appOf(all.production, "admin").settings)).toEqual([
        ...["health", "jwks", "metadata", "openidConfiguration", "token"],
      ]);
    });

    test("share out every function of the package, each to one app, under a name that a setting can hold", () => {
      const disabled = ["token", "admin"].flatMap((kind) => disabledIn(appOf(all.production, kind).settings));
      expect(new Set(disabled).size).toBe(disabled.length);
      for (const name of registeredFunctions()) {
        expect(disabled).toContain(name);
        expect(name).toMatch(/^\w+$/);
      }
    });

    test("are one that runs everything when merged", () => {
      expect(appsOf(all.dev).map(({ kind }) => kind)).toEqual(["token"]);
      expect(disabledIn(appOf(all.dev, "token").settings)).toEqual([]);
    });

    test("run on Node 24, over https with TLS 1.2 or later, without passwords for publishing", () => {
      each((snapshot, name) => {
        const apps = appsOf(snapshot);
        for (const app of apps) {
          expect(app.functionAppConfig.runtime, name).toEqual({ name: "node", version: "24" });
          expect(app.httpsOnly, name).toBe(true);
        }
        const passwords = resourcesOf(snapshot, "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
        expect(passwords.map(({ properties }) => properties?.allow)).toEqual(apps.flatMap(() => [false, false]));
      });
    });

    test("keep package and host keys apart, each in an account that the other cannot touch", () => {
      const accounts = appsOf(all.production).map(({ settings }) => settings.AzureWebJobsStorage__accountName);
      expect(new Set(accounts).size).toBe(2);
    });
  });

  describe("doors", () => {
    test("to the admin app are shut to all but API Management", () => {
      for (const name of ["production", "azd", "existingGateway"] as const) {
        expect(appOf(all[name], "admin").siteConfig.ipSecurityRestrictionsDefaultAction, name).toBe("Deny");
      }
      expect(appOf(all.production, "admin").publicNetworkAccess).toBe("Disabled");
    });

    test("to the token app are shut to all but the one Front Door, where there is one", () => {
      for (const name of ["production", "existingGateway"] as const) {
        const { ipSecurityRestrictions } = appOf(all[name], "token").siteConfig;
        expect(JSON.stringify(ipSecurityRestrictions), name).toContain("AzureFrontDoor.Backend");
        expect(JSON.stringify(ipSecurityRestrictions), name).toContain("x-azure-fdid");
      }
      expect(appOf(all.azd, "token").siteConfig.ipSecurityRestrictionsDefaultAction).toBe("Allow");
    });

    test("to the admin app open for API Management: its subnet, or the Azure of its region, since a v2 tier has no address", () => {
      expect(appOf(all.azd, "admin").siteConfig.ipSecurityRestrictions).toEqual([
        { name: "caller-0", priority: 200, action: "Allow", tag: "ServiceTag", ipAddress: "AzureCloud.westeurope" },
      ]);
      const [group] = resourcesOf(all.production, "Microsoft.Network/networkSecurityGroups").filter(({ name }) =>
        name.endsWith("-admin-door"),
      );
      expect(valuesOf(group, "sourceAddressPrefixes")).toEqual([["10.20.0.96/27"], ["10.20.0.192/27"], ["0.0.0.0/0"]]);
    });

    test("let nobody else write the header that names the address of a caller", () => {
      each((snapshot, name) => {
        for (const { kind, settings, siteConfig } of appsOf(snapshot)) {
          const isBehindGateway = kind === "admin" || JSON.stringify(siteConfig).includes("x-azure-fdid");
          expect(settings.CALLER_ADDRESS, `${name} ${kind}`).toBe(
            isBehindGateway ? "X-Azure-SocketIP" : "X-Forwarded-For",
          );
        }
      });
    });

    test("let the admin page, and no other, read the token app's answers in a browser, without what the browser knows", () => {
      const corsOf = (kind: string) => appOf(all.production, kind).siteConfig.cors;
      expect(corsOf("token")).toEqual({
        allowedOrigins: ["https://api.socmate.yourcompany.com"],
        supportCredentials: false,
      });
      expect(corsOf("admin")).toEqual({ allowedOrigins: [], supportCredentials: false });
    });

    test("of Front Door lead to the public paths only, over https, and nothing is cached", () => {
      const [route] = resourcesOf(all.production, "Microsoft.Cdn/profiles/afdEndpoints/routes");
      expect(route?.properties).toMatchObject({
        supportedProtocols: ["Https"],
        forwardingProtocol: "HttpsOnly",
      });
      expect(route?.properties).not.toHaveProperty("cacheConfiguration");
    });

    test("of Front Door lead to each public path by its name, without a wildcard that dot segments could leave", () => {
      const publicRoutes = registeredRoutes().filter((route) => !/^(api\/admin|console)\//.test(route));
      for (const name of ["production", "existingGateway"] as const) {
        const [route] = resourcesOf(all[name], "Microsoft.Cdn/profiles/afdEndpoints/routes");
        const patterns = z.array(z.string()).parse(route?.properties?.patternsToMatch);
        expect(patterns.sort(), name).toEqual(publicRoutes.map((path) => `/${path}`).sort());
      }
    });

    test("of Front Door all stand behind the firewall", () => {
      for (const name of ["production", "existingGateway"] as const) {
        const [policy] = resourcesOf(all[name], "Microsoft.Cdn/profiles/securityPolicies");
        const [route] = resourcesOf(all[name], "Microsoft.Cdn/profiles/afdEndpoints/routes");
        expect(valuesOf(policy?.properties, "patternsToMatch"), name).toEqual([["/*"]]);
        expect(valuesOf(policy?.properties, "domains"), name).toEqual([route?.properties?.customDomains]);
      }
    });

    // The guard and the guarded must read a path alike: the host is the real one's model, the rule is the compiled one.
    test.each([
      "/oauth/token",
      "/oauth/token?x=y",
      "/OAuth/Token",
      "/oauth/token/",
      "/%6fauth/token",
      "/%6FAUTH/%74oken/",
      "/oauth/./token",
      "/oauth/x/../token",
      "/.well-known/%2e%2e/oauth/%2E/token",
    ])("of the token endpoint are counted by the rate limit however a caller spells its path: %s", (uri) => {
      const route = compileRoute(registeredRoutes().find((path) => path.endsWith("token")) ?? "");
      expect(route.match(decodePath(uri.split("?")[0] ?? "") ?? "")).toBeDefined();
      for (const name of ["production", "existingGateway"] as const) {
        const isCounted = rateLimitOf(all[name]);
        for (const method of ["POST", "post", "PUT", "OPTIONS"]) expect(isCounted({ method, uri }), method).toBe(true);
      }
    });

    test("of keys, metadata and health are not counted by the rate limit of token requests", () => {
      const isCounted = rateLimitOf(all.production);
      for (const uri of ["/.well-known/jwks.json", "/health"]) expect(isCounted({ method: "GET", uri })).toBe(false);
    });

    test("of stores and vaults are private in production, and each has its endpoint", () => {
      const types = ["Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"];
      const stores = types.flatMap((type) => resourcesOf(all.production, type));
      expect(stores.map(({ properties }) => properties?.publicNetworkAccess)).toEqual(stores.map(() => "Disabled"));

      const targets = resourcesOf(all.production, "Microsoft.Network/privateEndpoints").flatMap(({ properties }) =>
        valuesOf(properties, "privateLinkServiceId").map(String),
      );
      // API Management passes into the gateway vault as a trusted service.
      const reached = stores.filter(({ name }) => !name.startsWith("kv-gate-")).map(({ id }) => id);
      const site = resourcesOf(all.production, "Microsoft.Web/sites").find(({ name }) => name.includes("-admin-"));
      expect(targets.sort()).toEqual([...reached, site?.id].sort());
    });
  });

  test("an alert looks back over a day for a complete sweep, whatever the service itself can still tell [check 74]", () => {
    each((snapshot, name) => {
      const rules = resourcesOf(snapshot, "Microsoft.Insights/scheduledQueryRules");
      const overdue = rules.find((rule) => rule.name.endsWith("-sweep-overdue"));
      expect(overdue?.properties, name).toMatchObject({
        enabled: true,
        evaluationFrequency: "PT1H",
        windowSize: "P1D",
      });
      expect(valuesOf(overdue, "query").join(), name).toContain('"sweep" and tobool(line.complete)');
    });
  });

  describe("nothing", () => {
    test("allows public blobs, shared keys, local authentication or access policies", () => {
      each((snapshot, name) => {
        for (const { properties } of resourcesOf(snapshot, "Microsoft.Storage/storageAccounts")) {
          expect(properties, name).toMatchObject({ allowBlobPublicAccess: false, allowSharedKeyAccess: false });
        }
        for (const { properties } of resourcesOf(
          snapshot,
          "Microsoft.Storage/storageAccounts/blobServices/containers",
        )) {
          expect(properties, name).toMatchObject({ publicAccess: "None" });
        }
        for (const { properties } of resourcesOf(snapshot, "Microsoft.KeyVault/vaults")) {
          expect(properties, name).toMatchObject({ enableRbacAuthorization: true, enableSoftDelete: true });
          expect(properties, name).not.toHaveProperty("accessPolicies");
        }
        const [insights] = resourcesOf(snapshot, "Microsoft.Insights/components");
        expect(insights?.properties, name).toMatchObject({ DisableLocalAuth: true, DisableIpMasking: false });
        const [workspace] = resourcesOf(snapshot, "Microsoft.OperationalInsights/workspaces");
        expect(workspace?.properties, name).toMatchObject({ features: { disableLocalAuth: true } });
      });
    });

    test("speaks TLS below 1.2", () => {
      const versions = Object.values(all).flatMap(({ predictedResources }) =>
        ["minTlsVersion", "scmMinTlsVersion", "minimumTlsVersion"].flatMap((m) => valuesOf(predictedResources, m)),
      );
      expect([...new Set(versions)].sort()).toEqual(["1.2", "TLS12", "TLS1_2"]);
      each((snapshot, name) => {
        for (const { properties } of resourcesOf(snapshot, "Microsoft.Storage/storageAccounts")) {
          expect(properties?.minimumTlsVersion, name).toBe("TLS1_2");
        }
      });
    });

    test("records a body or a header of the admin API", () => {
      each((snapshot, name) => {
        const sinks = resourcesOf(snapshot, "Microsoft.ApiManagement/service/apis/diagnostics");
        expect(sinks.map((sink) => sink.name.split("/").at(-1)).sort(), name).toEqual([
          "applicationinsights",
          "azuremonitor",
        ]);
        for (const { properties } of sinks) {
          for (const side of ["frontend", "backend"]) {
            for (const message of ["request", "response"]) {
              expect(properties, name).toMatchObject({ [side]: { [message]: { headers: [], body: { bytes: 0 } } } });
            }
          }
        }
      });
    });

    test("takes a secret as a parameter, here or in a module, so no default can be one", () => {
      const types = valuesOf(templateOf(), "type").map((type) => String(type).toLowerCase());
      expect(types).toContain("string");
      expect(types.filter((type) => type.startsWith("secure"))).toEqual([]);
    }, 120_000);

    test("tells a secret in an output or puts one into a setting", () => {
      each(({ outputs }, name) => {
        expect(Object.keys(outputs).sort(), name).toEqual([
          ...["ADMIN_APP", "ADMIN_APPLICATION_ID", "ADMIN_URL", "AZURE_RESOURCE_GROUP", "TOKEN_APP", "TOKEN_ISSUER"],
        ]);
      });
      const holders = Object.values(all)
        .flatMap(({ predictedResources }) => predictedResources)
        .filter((resource) => /list(Keys|Secrets|AccountSas)\(/.test(JSON.stringify(resource)));
      expect([...new Set(holders.map(({ type }) => type))]).toEqual(["Microsoft.KeyVault/vaults/secrets"]);
    });
  });

  test("makes a signing key in each vault that can only sign and verify, and rotates by itself", () => {
    const keys = resourcesOf(all.production, "Microsoft.KeyVault/vaults/keys");
    expect(keys).toHaveLength(2);
    for (const { properties } of keys) {
      expect(properties).toMatchObject({ kty: "RSA", keySize: 2048, keyOps: ["sign", "verify"] });
      expect(valuesOf(properties, "type")).toEqual(["rotate"]);
      expect(properties).not.toHaveProperty("attributes.exp");
    }
  });

  test("lets HEAD through to the admin API and its page wherever it lets GET through [check 62]", () => {
    const operations = resourcesOf(all.production, "Microsoft.ApiManagement/service/apis/operations");
    const heads = operations.filter(({ properties }) => properties?.method === "HEAD");
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(JSON.parse(readFileSync("openapi.json", "utf8")));
    const readable = Object.keys(paths).filter((path) => paths[path]?.get);
    expect(heads.map(({ properties }) => String(properties?.urlTemplate)).sort()).toEqual(["/*", ...readable].sort());
  });

  test("creates an API Management instance only where none is named", () => {
    const created = (snapshot: Snapshot) => resourcesOf(snapshot, "Microsoft.ApiManagement/service").length;
    expect([all.production, all.dev, all.azd, all.existingGateway].map(created)).toEqual([1, 1, 1, 0]);
    const [api] = resourcesOf(all.existingGateway, "Microsoft.ApiManagement/service/apis");
    expect(api?.id).toContain("/resourceGroups/rg-company-api/providers/Microsoft.ApiManagement/service/apim-company/");
  });
});
