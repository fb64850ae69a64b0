import { scaleType, tagsType } from 'types.bicep'

metadata description = 'A Flex Consumption plan and the app on it.'

@description('Required. Name of the app.')
param name string

@description('Required. Name of the plan.')
param planName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. User-assigned identity that the app runs as.')
param identity { id: string, clientId: string, principalId: string }

@description('Required. Storage account with the deployment container and the host\'s own blobs.')
param hostStorageName string

@description('Required. Blob container that holds the deployed package.')
param deploymentContainer string

@description('Required. Application Insights component.')
param insightsName string

@description('Required. Settings of the service.')
param settings { *: string }

@description('Required. Functions of the package that this app does not run.')
param disabledFunctions string[]

@description('Required. Scale.')
param scale scaleType

@description('Required. Whether instances are spread over zones.')
param zoneRedundant bool

@description('Required. Whether the app can be reached from the internet at all.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Required. Whether only those named below may call.')
param restricted bool

@description('Optional. Who else may call: a service tag, an address range or the resource id of a subnet each.')
param callers string[] = []

@description('Optional. Origins of pages that may read answers in a browser.')
param allowedOrigins string[] = []

@description('Optional. Id of the Front Door that may call.')
param frontDoorId string?

@description('Optional. Subnet through which the app calls out.')
param subnetId string?

var frontDoorRules = frontDoorId == null
  ? []
  : [
      {
        name: 'front-door'
        priority: 100
        action: 'Allow'
        tag: 'ServiceTag'
        ipAddress: 'AzureFrontDoor.Backend'
        headers: { 'x-azure-fdid': [frontDoorId!] }
      }
    ]

var callerRules = [
  for (caller, i) in callers: union(
    { name: 'caller-${i}', priority: 200 + i, action: 'Allow' },
    startsWith(caller, '/')
      ? { vnetSubnetResourceId: caller }
      : { tag: contains(caller, '/') ? 'Default' : 'ServiceTag', ipAddress: caller }
  )
]

var appSettings = union(
  settings,
  {
    AZURE_CLIENT_ID: identity.clientId
    // The host reads a body whole, and parses JSON in it, before a function sees the request: without a limit one of 20 MB takes it 36 s.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '131072'
    AzureWebJobsDisableHomepage: 'true'
    AzureWebJobsStorage__accountName: hostStorageName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
  },
  toObject(disabledFunctions, function => 'AzureWebJobs.${function}.Disabled', function => 'true')
)

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: hostStorageName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: publicNetworkAccess
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      runtime: { name: 'node', version: '24' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: scale.instanceMemoryMB
        maximumInstanceCount: scale.maximumInstanceCount
        alwaysReady: scale.alwaysReadyInstances == 0
          ? []
          : [{ name: 'http', instanceCount: scale.alwaysReadyInstances }]
        triggers: { http: { perInstanceConcurrency: scale.httpConcurrency } }
      }
      // Requests under way are answered before their instance stops
      // (https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates). The types of 2025-03-01 lack the property.
      #disable-next-line BCP037
      siteUpdateStrategy: { type: 'RollingUpdate' }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      appSettings: map(items(appSettings), setting => { name: setting.key, value: setting.value })
      cors: { allowedOrigins: allowedOrigins, supportCredentials: false }
      ipSecurityRestrictions: concat(frontDoorRules, callerRules)
      // Said in so many words: an empty list of callers closes the app and does not open it.
      ipSecurityRestrictionsDefaultAction: restricted ? 'Deny' : 'Allow'
    }
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

@description('Resource id of the app.')
output id string = app.id

@description('Host name that Azure gave the app.')
output hostName string = app.properties.defaultHostName
