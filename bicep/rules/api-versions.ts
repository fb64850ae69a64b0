import type { Rule } from "./project.ts";

/** The oldest version of a provider that is not retired, or about to be. */
const OLDEST: Record<string, { version: string; source: string }> = {
  "Microsoft.KeyVault": {
    version: "2026-02-01",
    source:
      "earlier ones retire on 2027-02-27: https://learn.microsoft.com/azure/key-vault/general/access-control-default",
  },
  "Microsoft.ApiManagement": {
    version: "2021-08-01",
    source: "https://learn.microsoft.com/azure/api-management/breaking-changes/api-version-retirement-sep-2023",
  },
};

/** Previews end without notice. These have a reason. */
const PREVIEWS: Record<string, string> = {
  "Microsoft.Insights/diagnosticSettings@2021-05-01-preview": "the stable version, of 2016, knows no category groups",
};

const VERSION = /"type":"(?<type>Microsoft\.[\w./]+)","apiVersion":"(?<version>[\w-]+)"/g;

/** No resource is made or read through an API version that is retired, or through a preview without a reason. */
export const apiVersionsLive: Rule = {
  name: "api-versions-live",
  check: (project) => {
    const text = project.modules().map((module) => module.text);
    const used = text.flatMap((template) => [...template.matchAll(VERSION)].map(({ groups }) => groups ?? {}));
    const findings = used.flatMap(({ type = "", version = "" }) => {
      const oldest = OLDEST[type.split("/")[0] ?? ""];
      if (oldest && version < oldest.version)
        return [`${type}@${version} is older than ${oldest.version} (${oldest.source}).`];
      const isPreview = version.includes("preview") && !(`${type}@${version}` in PREVIEWS);
      return isPreview ? [`${type}@${version} is a preview without a reason.`] : [];
    });
    return [...new Set(findings)];
  },
};
