import { tagsType } from 'types.bicep'

metadata description = 'A virtual network: each app and the gateway in a subnet of its own, data behind private endpoints, a door to the admin app that only the gateway and the machines that bring its code fit through, and a subnet for those machines.'

@description('Required. Name of the virtual network.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Address space, /24 or larger.')
param addressPrefix string

@description('Required. Address range that API Management calls from. Empty: the subnet of the gateway.')
param gatewayPrefix string

@description('Required. Address ranges, beside the subnet of the agents, from which code may be brought to the admin app.')
param deploySourcePrefixes string[]

var prefixes = {
  token: cidrSubnet(addressPrefix, 26, 0)
  admin: cidrSubnet(addressPrefix, 27, 2)
  gateway: cidrSubnet(addressPrefix, 27, 3)
  data: cidrSubnet(addressPrefix, 27, 4)
  adminDoor: cidrSubnet(addressPrefix, 28, 10)
  agents: cidrSubnet(addressPrefix, 27, 6)
}

type securityRuleType = resourceInput<'Microsoft.Network/networkSecurityGroups@2025-01-01'>.properties.securityRules[*]

func rule(name string, priority int, access 'Allow' | 'Deny', sources string[]) securityRuleType => {
  name: name
  properties: {
    priority: priority
    direction: 'Inbound'
    access: access
    protocol: '*'
    sourceAddressPrefixes: sources
    sourcePortRange: '*'
    destinationAddressPrefix: '*'
    destinationPortRange: access == 'Allow' ? '443' : '*'
  }
}

var everywhere = ['0.0.0.0/0']

// The default rules keep the internet out of the subnets that apps and gateway call from. API Management demands a group.
resource outbound 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${name}-outbound'
  location: location
  tags: tags
  properties: {}
}

resource dataDoor 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${name}-data'
  location: location
  tags: tags
  properties: {
    securityRules: [
      rule('apps', 100, 'Allow', [prefixes.token, prefixes.admin])
      rule('nobody-else', 200, 'Deny', everywhere)
    ]
  }
}

resource adminDoor 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${name}-admin-door'
  location: location
  tags: tags
  properties: {
    securityRules: [
      rule('gateway', 100, 'Allow', [empty(gatewayPrefix) ? prefixes.gateway : gatewayPrefix])
      // The door is also that of the deployment endpoint: without machines that may pass, no code comes in.
      rule('agents', 110, 'Allow', concat([prefixes.agents], deploySourcePrefixes))
      rule('nobody-else', 200, 'Deny', everywhere)
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    // What calls out of a delegated subnet is the service's own, to Entra ID and Azure Monitor. Endpoints never call out.
    // A subnet that is added by hand would be removed by the next deployment, so the one for machines is here.
    subnets: [
      {
        name: 'token'
        properties: {
          addressPrefix: prefixes.token
          networkSecurityGroup: { id: outbound.id }
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'admin'
        properties: {
          addressPrefix: prefixes.admin
          networkSecurityGroup: { id: outbound.id }
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'gateway'
        properties: {
          addressPrefix: prefixes.gateway
          networkSecurityGroup: { id: outbound.id }
          delegations: [{ name: 'gateway', properties: { serviceName: 'Microsoft.Web/serverFarms' } }]
          // Where one app does everything, API Management reaches it by its public name: a rule for this subnet lets it in.
          serviceEndpoints: [{ service: 'Microsoft.Web' }]
        }
      }
      {
        name: 'data'
        properties: {
          addressPrefix: prefixes.data
          networkSecurityGroup: { id: dataDoor.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
          defaultOutboundAccess: false
        }
      }
      {
        name: 'admin-door'
        properties: {
          addressPrefix: prefixes.adminDoor
          networkSecurityGroup: { id: adminDoor.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
          defaultOutboundAccess: false
        }
      }
      {
        name: 'agents'
        properties: {
          addressPrefix: prefixes.agents
          networkSecurityGroup: { id: outbound.id }
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

var zoneNames = {
  vault: 'privatelink.vaultcore.azure.net'
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  sites: 'privatelink.azurewebsites.net'
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zoneNames): {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in items(zoneNames): {
    parent: zones[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

@description('Subnets by name.')
output subnetIds { token: string, admin: string, gateway: string, data: string, adminDoor: string } = {
  token: '${network.id}/subnets/token'
  admin: '${network.id}/subnets/admin'
  gateway: '${network.id}/subnets/gateway'
  data: '${network.id}/subnets/data'
  adminDoor: '${network.id}/subnets/admin-door'
}

@description('Private DNS zones by the kind of endpoint.')
output zoneIds { vault: string, blob: string, table: string, sites: string } = {
  vault: resourceId('Microsoft.Network/privateDnsZones', zoneNames.vault)
  blob: resourceId('Microsoft.Network/privateDnsZones', zoneNames.blob)
  table: resourceId('Microsoft.Network/privateDnsZones', zoneNames.table)
  sites: resourceId('Microsoft.Network/privateDnsZones', zoneNames.sites)
}
