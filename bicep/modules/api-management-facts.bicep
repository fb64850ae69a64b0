import { azureCloudTag } from 'types.bicep'

metadata description = 'What the rest of the deployment must know of an API Management instance, new or old.'

@description('Required. Name of the instance.')
param name string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: name
}

@description('Object id of its system-assigned identity.')
output principalId string = service.identity.principalId

@description('Where its calls to backends come from: addresses of its own on a classic tier, any address of its region on a v2 tier.')
output callers string[] = endsWith(service.sku.name, 'V2')
  ? [azureCloudTag(service.location)]
  : map(service.properties.publicIPAddresses, address => '${address}/32')
