metadata description = 'A virtual network: each app and the gateway in a subnet of its own, data behind private endpoints, and a door to the admin app that only the gateway fits through.'

@description('Required. Name of the virtual network.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Address space, /24 or larger.')
param addressPrefix string

var prefixes = {
  token: cidrSubnet(addressPrefix, 26, 0)
  admin: cidrSubnet(addressPrefix, 27, 2)
  gateway: cidrSubnet(addressPrefix, 27, 3)
  data: cidrSubnet(addressPrefix, 27, 4)
  adminDoor: cidrSubnet(addressPrefix, 28, 10)
}

// Which subnets may call into which; everything else from inside the network is denied.
var callers = {
  data: [prefixes.token, prefixes.admin]
  adminDoor: [prefixes.gateway]
}

resource doors 'Microsoft.Network/networkSecurityGroups@2025-01-01' = [
  for subnet in items(callers): {
    name: '${name}-${toLower(subnet.key)}'
    location: location
    tags: tags
    properties: {
      securityRules: [
        {
          name: 'callers'
          properties: {
            priority: 100
            direction: 'Inbound'
            access: 'Allow'
            protocol: 'Tcp'
            sourceAddressPrefixes: subnet.value
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: '443'
          }
        }
        {
          name: 'nobody-else'
          properties: {
            priority: 200
            direction: 'Inbound'
            access: 'Deny'
            protocol: '*'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: '*'
          }
        }
      ]
    }
  }
]

// Integration subnets only call out. Nothing listens in them.
resource outbound 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${name}-outbound'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'nothing-listens'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

var subnets = {
  token: { prefix: prefixes.token, delegation: 'Microsoft.App/environments', securityGroup: outbound.id }
  admin: { prefix: prefixes.admin, delegation: 'Microsoft.App/environments', securityGroup: outbound.id }
  gateway: { prefix: prefixes.gateway, delegation: 'Microsoft.Web/serverFarms', securityGroup: outbound.id }
  data: { prefix: prefixes.data, delegation: '', securityGroup: resourceId('Microsoft.Network/networkSecurityGroups', '${name}-data') }
  admindoor: { prefix: prefixes.adminDoor, delegation: '', securityGroup: resourceId('Microsoft.Network/networkSecurityGroups', '${name}-admindoor') }
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  tags: tags
  dependsOn: [doors]
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      for subnet in items(subnets): {
        name: subnet.key
        properties: {
          addressPrefix: subnet.value.prefix
          networkSecurityGroup: { id: subnet.value.securityGroup }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
          // Endpoints never call out. In a delegated subnet the service does, to Entra ID and to Azure Monitor.
          defaultOutboundAccess: !empty(subnet.value.delegation)
          delegations: empty(subnet.value.delegation)
            ? []
            : [{ name: 'service', properties: { serviceName: subnet.value.delegation } }]
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
  adminDoor: '${network.id}/subnets/admindoor'
}

@description('Private DNS zones by the kind of endpoint.')
output zoneIds { vault: string, blob: string, table: string, sites: string } = {
  vault: resourceId('Microsoft.Network/privateDnsZones', zoneNames.vault)
  blob: resourceId('Microsoft.Network/privateDnsZones', zoneNames.blob)
  table: resourceId('Microsoft.Network/privateDnsZones', zoneNames.table)
  sites: resourceId('Microsoft.Network/privateDnsZones', zoneNames.sites)
}
