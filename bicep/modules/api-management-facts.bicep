metadata description = 'What the rest of the deployment must know of an API Management instance, new or old.'

@description('Required. Name of the instance.')
param name string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: name
}

@description('Object id of its system-assigned identity.')
output principalId string = service.identity.principalId

@description('Addresses its calls to backends come from. The service tag ApiManagement is its control plane and does not hold them.')
output addresses string[] = union(
  service.properties.?outboundPublicIPAddresses ?? [],
  service.properties.?publicIPAddresses ?? []
)
