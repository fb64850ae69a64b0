import { z } from "zod";
import { resourcesOf, type Snapshot } from "../cli.ts";
import type { Project, Rule } from "./project.ts";

const subnetSchema = z.object({
  name: z.string(),
  properties: z.object({
    addressPrefix: z.string(),
    networkSecurityGroup: z.object({ id: z.string() }).optional(),
    delegations: z.array(z.unknown()).default([]),
    privateEndpointNetworkPolicies: z.string().optional(),
  }),
});
const networkSchema = z.object({ subnets: z.array(subnetSchema) });
const groupSchema = z.object({
  securityRules: z
    .array(z.object({ properties: z.object({ access: z.string(), sourceAddressPrefixes: z.array(z.string()) }) }))
    .default([]),
});
const endpointSchema = z.object({
  subnet: z.object({ id: z.string() }),
  privateLinkServiceConnections: z.array(z.object({ properties: z.object({ privateLinkServiceId: z.string() }) })),
});
const siteSchema = z.object({
  publicNetworkAccess: z.string(),
  siteConfig: z.object({ ipSecurityRestrictions: z.unknown(), ipSecurityRestrictionsDefaultAction: z.string() }),
});

/**
 * Code comes to an app by its private endpoint, where it has one: some machine must be able to pass the endpoint's security group. No machine
 * can be in a subnet that is delegated to a service, or in one of endpoints.
 */
export const privateSitesTakeCode: Rule = {
  name: "private-sites-take-code",
  check: (project) =>
    project.names.flatMap((name) => {
      const snapshot = project.deployment(name);
      return sitesWithEndpoint(snapshot)
        .filter(({ sources }) => !sources.some((source) => takesMachines(snapshot, source)))
        .map(
          ({ site }) =>
            `${name}: no machine can be where ${site} may be reached from, so no code can be brought there.`,
        );
    }),
};

/**
 * An instance of a v2 tier has no address of its own (https://learn.microsoft.com/azure/api-management/api-management-howto-ip-addresses): a list
 * read at run time may be empty or change, and the app then answers 403 to its gateway. It is let in by subnet or by the service tag of its
 * region, and some tags are not named as their region is (https://learn.microsoft.com/azure/virtual-network/service-tags-overview).
 */
export const gatewayGetsIn: Rule = {
  name: "gateway-gets-in",
  check: (project) => [...addressLists(project), ...project.names.flatMap((name) => lockedOut(project, name))],
};

const IRREGULAR_TAGS = /AzureCloud\.(france|germany(north|west)|norway(east|west)|switzerland(north|west))/;

function addressLists(project: Project): string[] {
  return project
    .modules()
    .filter(({ text }) => text.includes("IPAddresses") && !text.includes(".sku.name"))
    .map(({ symbol }) => `${symbol} gives out the addresses of a gateway, whatever its tier is.`);
}

function lockedOut(project: Project, name: Project["names"][number]): string[] {
  const snapshot = project.deployment(name);
  const isNew = resourcesOf(snapshot, "Microsoft.ApiManagement/service").length > 0;
  return resourcesOf(snapshot, "Microsoft.Web/sites").flatMap((site) => {
    const { publicNetworkAccess, siteConfig } = siteSchema.parse(site.properties);
    const rules = JSON.stringify(siteConfig.ipSecurityRestrictions);
    if (IRREGULAR_TAGS.test(rules)) return [`${name}: there is no service tag of this name: ${rules}`];
    const isShut = publicNetworkAccess === "Enabled" && siteConfig.ipSecurityRestrictionsDefaultAction === "Deny";
    return isNew && isShut && rules === "[]" ? [`${name}: ${site.name} is closed to everybody, its gateway too.`] : [];
  });
}

/** The sites that have a private endpoint, each with the address ranges that its security group lets in. */
function sitesWithEndpoint(snapshot: Snapshot): { site: string; sources: string[] }[] {
  return resourcesOf(snapshot, "Microsoft.Network/privateEndpoints").flatMap(({ properties }) => {
    const { subnet, privateLinkServiceConnections } = endpointSchema.parse(properties);
    return privateLinkServiceConnections
      .map(({ properties: { privateLinkServiceId } }) => privateLinkServiceId)
      .filter((target) => target.includes("/Microsoft.Web/sites/"))
      .map((target) => ({ site: target.split("/").at(-1) ?? "", sources: sourcesOf(snapshot, subnet.id) }));
  });
}

function sourcesOf(snapshot: Snapshot, subnetId: string): string[] {
  const subnet = subnetsOf(snapshot).find(({ name }) => name === subnetId.split("/").at(-1));
  const group = resourcesOf(snapshot, "Microsoft.Network/networkSecurityGroups").find(
    ({ id }) => id === subnet?.properties.networkSecurityGroup?.id,
  );
  if (!group) return ["0.0.0.0/0"];
  return groupSchema
    .parse(group.properties)
    .securityRules.filter(({ properties }) => properties.access === "Allow")
    .flatMap(({ properties }) => properties.sourceAddressPrefixes);
}

function takesMachines(snapshot: Snapshot, source: string): boolean {
  const subnet = subnetsOf(snapshot).find(({ properties }) => properties.addressPrefix === source);
  if (!subnet) return true;
  const { delegations, privateEndpointNetworkPolicies } = subnet.properties;
  return delegations.length === 0 && privateEndpointNetworkPolicies === undefined;
}

function subnetsOf(snapshot: Snapshot) {
  return resourcesOf(snapshot, "Microsoft.Network/virtualNetworks").flatMap(
    ({ properties }) => networkSchema.parse(properties).subnets,
  );
}
