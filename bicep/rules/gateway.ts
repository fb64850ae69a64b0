import { resourcesOf } from "../cli.ts";
import { elementsOf, parseXml } from "../xml.ts";
import { policiesOf, type Rule } from "./project.ts";

const BACKEND = "https://{{socmate-admin-backend}}/";

/**
 * An imported API takes its backend from the `servers` of the document, which name an example, or from `serviceUrl`, which the portal can change:
 * the policy says where requests go.
 */
export const policiesNameTheBackend: Rule = {
  name: "policies-name-the-backend",
  check: (project) => {
    const policies = [...policiesOf(project)].filter(([, text]) => parseXml(text).name === "policies");
    const unnamed = policies.filter(([, text]) => {
      const [inbound] = parseXml(text).children.filter(({ name }) => name === "inbound");
      const backends = (inbound ? elementsOf(inbound) : []).filter(({ name }) => name === "set-backend-service");
      return backends.length !== 1 || !backends[0]?.attributes["base-url"]?.startsWith(BACKEND);
    });
    const examples = project.names.filter((name) =>
      resourcesOf(project.deployment(name), "Microsoft.ApiManagement/service/apis").some(({ properties }) =>
        /servers[^\]]*yourcompany/.test(String(properties?.value)),
      ),
    );
    return [
      ...unnamed.map(([path]) => `${path} leaves open which backend its requests go to.`),
      ...examples.map((name) => `${name}: an API is imported with the host of an example as its backend.`),
    ];
  },
};

/**
 * An answer of our own would be given for every rule of the firewall: "too many requests" for a managed rule too. Without one the rate limit
 * answers 429 and the managed rules 403 (https://learn.microsoft.com/azure/web-application-firewall/afds/waf-front-door-configure-custom-response-code).
 */
export const firewallAnswersByRule: Rule = {
  name: "firewall-answers-by-rule",
  check: (project) =>
    project.names.flatMap((name) =>
      resourcesOf(project.deployment(name), "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies")
        .filter(({ properties }) => JSON.stringify(properties).includes("customBlockResponse"))
        .map(({ name: policy }) => `${name}: ${policy} answers alike whatever rule blocks.`),
    ),
};
