import { tagsType } from 'types.bicep'

metadata description = 'A private endpoint and its name in the private DNS zone.'

@description('Required. Name of the endpoint.')
param name string

@description('Required. Region of the network.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Resource that the endpoint leads to.')
param targetId string

@description('Required. Part of the resource, for example vault, blob, table or sites.')
param groupId string

@description('Required. Subnet of the endpoint.')
param subnetId string

@description('Required. Private DNS zone that answers with the address of the endpoint.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: groupId, properties: { privateLinkServiceId: targetId, groupIds: [groupId] } }
    ]
  }
}

resource dns 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zoneId } }]
  }
}
