import { tagsType } from 'types.bicep'

metadata description = 'User-assigned identities, made before the apps so that their roles exist when the apps start.'

@description('Required. Names of the identities.')
param names string[]

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for name in names: {
    name: name
    location: location
    tags: tags
  }
]

@description('Resource id, client id and object id of each identity, in the order of the names.')
output identities { id: string, clientId: string, principalId: string }[] = [
  for (name, i) in names: {
    id: identities[i].id
    clientId: identities[i].properties.clientId
    principalId: identities[i].properties.principalId
  }
]
