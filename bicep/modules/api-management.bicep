import { apiManagementType, tagsType } from 'types.bicep'

metadata description = 'An API Management instance, v2 tier.'

@description('Required. Name of the instance.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. What the instance shall be.')
param options apiManagementType

@description('Required. Address that Azure writes to about the instance.')
param publisherEmail string

@description('Required. Own host name, served with the certificate that the options name. Empty: the name Azure gives.')
param hostName string

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Optional. Subnet through which the instance reaches private backends; StandardV2 only.')
param subnetId string?

resource service 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: options.?sku ?? 'BasicV2', capacity: options.?capacity ?? 1 }
  identity: { type: 'SystemAssigned' }
  properties: {
    publisherName: 'SoCMate'
    publisherEmail: publisherEmail
    publicNetworkAccess: 'Enabled'
    developerPortalStatus: 'Disabled'
    virtualNetworkType: subnetId == null ? 'None' : 'External'
    virtualNetworkConfiguration: subnetId == null ? null : { subnetResourceId: subnetId }
    // What is not written here is removed by the next deployment, so the host name cannot be set by hand.
    hostnameConfigurations: empty(hostName) || empty(options.?certificateSecretId)
      ? null
      : [
          {
            type: 'Proxy'
            hostName: hostName
            certificateSource: 'KeyVault'
            keyVaultId: options.?certificateSecretId
            defaultSslBinding: true
          }
        ]
  }
}

// The stable version, of 2016, knows neither category groups nor tables of their own.
#disable-next-line use-recent-api-versions
resource gatewayLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'gateway'
  scope: service
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'GatewayLogs', enabled: true }]
  }
}

@description('Name of the instance.')
output name string = service.name
