import { apiManagementType, azureCloudTag, builtInRoles, scaleType, tagsType } from 'modules/types.bicep'

targetScope = 'subscription'

metadata name = 'SoCMate API clients'
metadata description = 'The token endpoint and the administration of API clients: two function apps, their stores and vaults, API Management, and what watches them.'

@description('Required. Short name of this installation, for example dev or production: lower-case letters, digits and hyphens.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Optional. Region.')
param location string = deployment().location

@description('Optional. Tags of every resource.')
param tags tagsType = {}

@description('Required. Address that alerts, and Azure\'s notices about API Management, go to.')
@minLength(3)
param operatorsEmail string

@description('Required. Application id of the Entra app registration whose tokens administrators bring.')
@minLength(36)
@maxLength(36)
param adminApplicationId string

@description('Required. Application id of the Entra app registration that the admin page signs in with: its own, not that of the admin API.')
@minLength(36)
@maxLength(36)
param consoleApplicationId string

@description('Optional. Tenant of the administrators. Empty: the tenant of the subscription.')
param adminTenantId string = ''

@description('Optional. App role that makes an administrator.')
param adminRole string = 'admin'

@description('Optional. Scope that the admin page and other applications need to act for an administrator.')
@minLength(1)
param adminScope string = 'administer'

@description('Optional. Application ids of other applications than the admin page whose tokens administer. Default: the Azure CLI.')
param adminClientIds string[] = ['04b07795-8ddb-461a-bbee-02f9e1bf7b46']

@description('Optional. Host name of the token endpoint, for example auth.socmate.yourcompany.com; needs frontDoor. Empty: the name Azure gives the token app.')
param authHost string = ''

@description('Optional. Host name of SoCMate\'s API, for example api.socmate.yourcompany.com; a new instance needs its certificate. Empty: the name Azure gives API Management.')
param apiHost string = ''

@description('Optional. Seconds that an access token lives.')
@minValue(300)
@maxValue(3600)
param tokenLifetimeSeconds int = 1800

@description('Optional. First part of every client_id.')
param clientIdPrefix string = 'socmate'

@description('Optional. Region of each vault that signs; a region may appear more than once. A vault signs 400 tokens a second. Add at the end, never reorder.')
@minLength(1)
param signingVaultLocations string[] = [location]

@description('Optional. Page that explains the errors of the token endpoint, as docs/errors.md does; answers link to it in error_uri. Empty: no link.')
param documentationUrl string = ''

@description('Optional. Seconds that a signing key is published before it signs: longer than ASP.NET Core keeps the JWKS.')
@minValue(46021)
@maxValue(2592000)
param keyPublishLeadSeconds int = 86400

@description('Optional. ISO 8601 duration after which Key Vault makes a new version of the signing key. Set when the key is created, and not changed later.')
param keyRotateAfter string = 'P90D'

@description('Optional. Days after which a hash of a client secret expires in its vault, for a tenant whose policy demands an expiry date of secrets. The sweep renews it. Default: no expiry date.')
@minValue(30)
@maxValue(3650)
param secretHashExpiryDays int?

@description('Optional. Whether each signature is a line in the audit log of its vault.')
param auditSignatures bool = true

@description('Optional. Whether administration runs in an app of its own, that can write secrets and not sign. With false one app does everything.')
param separateAdminApp bool = true

@description('Optional. Scale of the token app.')
param tokenScale scaleType = {
  instanceMemoryMB: 2048
  maximumInstanceCount: 40
  alwaysReadyInstances: 2
  httpConcurrency: 64
}

@description('Optional. Scale of the admin app.')
param adminScale scaleType = {
  instanceMemoryMB: 512
  maximumInstanceCount: 40
  alwaysReadyInstances: 0
  httpConcurrency: 16
}

@description('Optional. Whether storage and instances are spread over the zones of the region. Not every region can.')
param zoneRedundant bool = false

@description('Optional. API Management.')
param apiManagement apiManagementType = {}

@description('Optional. Front Door with a web application firewall before the token app; needs authHost. Default: none.')
param frontDoor ('Standard_AzureFrontDoor' | 'Premium_AzureFrontDoor')?

@description('Optional. Token requests that one address may make in a minute, where there is a Front Door.')
@minValue(10)
param tokenRequestsPerMinute int = 6000

@description('Optional. Whether stores and vaults are reached through private endpoints only, and the admin app by API Management only, which must be StandardV2 then.')
param privateNetwork bool = false

@description('Optional. Address space of the private network, /24 or larger.')
param networkPrefix string = '10.20.0.0/24'

@description('Optional. Address ranges, beside the subnet agents, from which code may be brought to the admin app in a private network.')
param deploySourcePrefixes string[] = []

@description('Optional. Whether deleted vaults keep their names and content for 90 days, whatever is done. Without it they can be purged, and are kept for 7 days.')
param purgeProtection bool = true

@description('Optional. Whether the deleted vaults of an earlier installation are brought back. For the one deployment that does so.')
param recoverVaults bool = false

@description('Optional. Any text: another one makes other names, for an installation after one whose names are still taken.')
param nameSalt string = ''

@description('Optional. Whether Application Insights keeps the addresses of callers, which it replaces by 0.0.0.0 otherwise. Personal data: the lines of the service have the address in any case.')
param disableIpMasking bool = false

@description('Optional. Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

var suffix = uniqueString(subscription().id, environmentName, location, nameSalt)
var allTags = union(tags, { 'azd-env-name': environmentName })

var names = {
  group: 'rg-socmate-${environmentName}'
  tokenApp: 'func-socmate-token-${suffix}'
  adminApp: 'func-socmate-admin-${suffix}'
  data: 'stdata${suffix}'
  tokenHost: 'sttoken${suffix}'
  adminHost: 'stadmin${suffix}'
  secretsVault: 'kv-hash-${suffix}'
  gatewayVault: 'kv-gate-${suffix}'
  signingVaults: map(range(0, length(signingVaultLocations)), i => 'kv-sign-${suffix}${i}')
  apiManagement: apiManagement.?existingName ?? 'apim-socmate-${suffix}'
  frontDoor: 'fd-socmate-${environmentName}'
  insights: 'appi-socmate-${environmentName}'
  workspace: 'log-socmate-${environmentName}'
  network: 'vnet-socmate-${environmentName}'
}

var adminClients = toLower(join(union([consoleApplicationId], adminClientIds), ','))
var signingKeyName = 'token-signing'
var deploymentContainer = 'package'
var behindFrontDoor = frontDoor != null
var createsApiManagement = apiManagement.?existingName == null
var apiManagementGroup = apiManagement.?existingResourceGroup ?? names.group
var administratorsTenant = empty(adminTenantId) ? tenant().tenantId : adminTenantId
var nameCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789-'
var strangeCharacters = filter(
  range(0, length(environmentName)),
  i => !contains(nameCharacters, substring(environmentName, i, 1))
)
// What cannot work, found before anything is made.
var faults = filter(
  [
    empty(strangeCharacters) && !startsWith(environmentName, '-') && !endsWith(environmentName, '-')
      ? ''
      : 'environmentName has lower-case letters, digits and, inside, hyphens.'
    toLower(consoleApplicationId) == toLower(adminApplicationId)
      ? 'consoleApplicationId is a registration of its own, not that of the admin API.'
      : ''
    behindFrontDoor == empty(authHost)
      ? 'authHost and frontDoor go together: without the other, nobody serves the issuer.'
      : ''
    createsApiManagement && empty(apiHost) != empty(apiManagement.?certificateSecretId)
      ? 'apiHost and apiManagement.certificateSecretId go together: a new instance serves a name with its certificate.'
      : ''
    privateNetwork && createsApiManagement && apiManagement.?sku != 'StandardV2'
      ? 'privateNetwork needs apiManagement.sku StandardV2: no smaller tier reaches a private backend.'
      : ''
    privateNetwork && !createsApiManagement && empty(apiManagement.?existingSubnetPrefix)
      ? 'privateNetwork needs apiManagement.existingSubnetPrefix: the admin app is closed to every other address.'
      : ''
  ],
  fault => !empty(fault)
)
var issuer = !empty(faults)
  ? fail(join(faults, ' '))
  : 'https://${empty(authHost) ? '${names.tokenApp}.azurewebsites.net' : authHost}'
// API Management of a v2 tier has no address of its own
// (https://learn.microsoft.com/azure/api-management/api-management-howto-ip-addresses): its subnet or its region is let in, and the host key
// and the administrator's token are the locks.
var gatewayCallers = !createsApiManagement
  ? gateway.outputs.callers
  : privateNetwork ? [network!.outputs.subnetIds.gateway] : [azureCloudTag(location)]
var audience = 'https://${empty(apiHost) ? '${names.apiManagement}.azure-api.net' : apiHost}'

// Every setting of the service. The same table is in local.settings.sample.json; AZURE_CLIENT_ID is the app's own.
var settings = {
  TOKEN_ISSUER: issuer
  TOKEN_AUDIENCE: audience
  TOKEN_LIFETIME_SECONDS: string(tokenLifetimeSeconds)
  TOKEN_REUSE_BURST: '10'
  TOKEN_REUSE_PER_SECOND: '1'
  TOKEN_REUSE_SECONDS: '10'
  CLIENT_ID_PREFIX: clientIdPrefix
  TABLES_URL: 'https://${names.data}.table.${environment().suffixes.storage}'
  SECRETS_VAULT_URL: 'https://${names.secretsVault}${environment().suffixes.keyvaultDns}'
  SIGNING_VAULT_URLS: join(
    map(names.signingVaults, vault => 'https://${vault}${environment().suffixes.keyvaultDns}'),
    ','
  )
  SIGNING_KEY_NAME: signingKeyName
  KEY_PUBLISH_LEAD_SECONDS: string(keyPublishLeadSeconds)
  ADMIN_ISSUER: '${environment().authentication.loginEndpoint}${administratorsTenant}/v2.0'
  ADMIN_AUDIENCE: adminApplicationId
  ADMIN_JWKS_URL: '${environment().authentication.loginEndpoint}${administratorsTenant}/discovery/v2.0/keys'
  ADMIN_ROLE: adminRole
  ADMIN_SCOPE: adminScope
  ADMIN_CLIENT_IDS: adminClients
  CONSOLE_CLIENT_ID: consoleApplicationId
  CALLER_ADDRESS: behindFrontDoor ? 'X-Azure-SocketIP' : 'X-Forwarded-For'
  ...(empty(documentationUrl) ? {} : { DOCUMENTATION_URL: documentationUrl })
}

// Those that are absent by default: an empty setting would stop the service.
var optionalSettings = secretHashExpiryDays == null ? {} : { SECRET_HASH_EXPIRY_DAYS: string(secretHashExpiryDays) }

// One package, two apps: each runs its own functions and answers 404 for the others.
var tokenFunctions = ['token', 'jwks', 'metadata', 'openidConfiguration', 'health']
var adminFunctions = ['create', 'list', 'get', 'regenerate', 'disable', 'console', 'sweep']

// Every store and vault that gets a private endpoint, where the network is private.
var storageType = 'Microsoft.Storage/storageAccounts'
var privateTargets = concat(
  map(
    concat(names.signingVaults, [names.secretsVault]),
    vault => { name: vault, type: 'Microsoft.KeyVault/vaults', part: 'vault' }
  ),
  [
    { name: names.data, type: storageType, part: 'table' }
    { name: names.tokenHost, type: storageType, part: 'blob' }
  ],
  separateAdminApp ? [{ name: names.adminHost, type: storageType, part: 'blob' }] : []
)

var vaultsId = '${group.id}/providers/Microsoft.KeyVault/vaults'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.group
  location: location
  tags: allTags
}

module identities 'modules/identities.bicep' = {
  scope: group
  params: {
    names: separateAdminApp ? ['id-socmate-token', 'id-socmate-admin'] : ['id-socmate-token']
    location: location
    tags: allTags
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: allTags
    retentionInDays: logRetentionDays
    disableIpMasking: disableIpMasking
    grants: map(
      identities.outputs.identities,
      identity => { principalId: identity.principalId, role: builtInRoles['Monitoring Metrics Publisher'] }
    )
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: names.network
    location: location
    tags: allTags
    addressPrefix: networkPrefix
    gatewayPrefix: createsApiManagement ? '' : apiManagement.?existingSubnetPrefix ?? ''
    deploySourcePrefixes: deploySourcePrefixes
  }
}

module secretsVault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.secretsVault
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    audit: true
    private: privateNetwork
    purgeProtection: purgeProtection
    recover: recoverVaults
    grants: [
      { principalId: identities.outputs.identities[0].principalId, role: builtInRoles['Key Vault Secrets User'] }
      { principalId: last(identities.outputs.identities)!.principalId, role: roles.outputs.ids.secretWriter }
    ]
  }
}

module signingVaults 'modules/vault.bicep' = [
  for (region, i) in signingVaultLocations: {
    scope: group
    params: {
      name: names.signingVaults[i]
      location: region
      tags: allTags
      workspaceId: monitoring.outputs.workspaceId
      audit: auditSignatures
      private: privateNetwork
      purgeProtection: purgeProtection
      recover: recoverVaults
      signingKeyName: signingKeyName
      rotateAfter: keyRotateAfter
      grants: [
        { principalId: identities.outputs.identities[0].principalId, role: roles.outputs.ids.signer }
        { principalId: last(identities.outputs.identities)!.principalId, role: builtInRoles['Key Vault Reader'] }
      ]
    }
  }
]

// Apart from the hashes, so that the token app, which reads those, cannot read the key to the admin app.
module gatewayVault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.gatewayVault
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    audit: true
    private: privateNetwork
    purgeProtection: purgeProtection
    recover: recoverVaults
    grants: [{ principalId: gateway.outputs.principalId, role: builtInRoles['Key Vault Secrets User'] }]
  }
}

module data 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.data
    location: location
    tags: allTags
    sku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    private: privateNetwork
    tables: ['apiclients', 'apiclientusage']
    audit: true
    workspaceId: monitoring.outputs.workspaceId
    // At the tables, not the account: the app that issues tokens cannot write the row of a client.
    tableGrants: [
      {
        table: 'apiclients'
        principalId: first(identities.outputs.identities)!.principalId
        role: roles.outputs.ids.rowReader
      }
      {
        table: 'apiclientusage'
        principalId: first(identities.outputs.identities)!.principalId
        role: roles.outputs.ids.usageWriter
      }
      {
        table: 'apiclients'
        principalId: last(identities.outputs.identities)!.principalId
        role: roles.outputs.ids.rowWriter
      }
      {
        table: 'apiclientusage'
        principalId: last(identities.outputs.identities)!.principalId
        role: roles.outputs.ids.rowReader
      }
    ]
  }
}

// An app can overwrite its own package and read its own host keys. With one account for both it could do so with the other's.
module hostStorages 'modules/storage.bicep' = [
  for (name, i) in (separateAdminApp ? [names.tokenHost, names.adminHost] : [names.tokenHost]): {
    scope: group
    params: {
      name: name
      location: location
      tags: allTags
      sku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
      private: privateNetwork
      containers: [deploymentContainer]
      audit: false
      workspaceId: monitoring.outputs.workspaceId
      grants: [
        { principalId: identities.outputs.identities[i].principalId, role: builtInRoles['Storage Blob Data Owner'] }
      ]
    }
  }
]

module dataEndpoints 'modules/private-endpoint.bicep' = [
  for target in (privateNetwork ? privateTargets : []): {
    scope: group
    params: {
      name: 'pe-${target.name}-${target.part}'
      location: location
      tags: allTags
      targetId: '${group.id}/providers/${target.type}/${target.name}'
      groupId: target.part
      subnetId: network!.outputs.subnetIds.data
      zoneId: network!.outputs.zoneIds[target.part]
    }
    dependsOn: [secretsVault, signingVaults, data, hostStorages]
  }
]

module newApiManagement 'modules/api-management.bicep' = if (createsApiManagement) {
  scope: group
  params: {
    name: names.apiManagement
    location: location
    tags: allTags
    options: apiManagement
    hostName: apiHost
    publisherEmail: operatorsEmail
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetwork ? network!.outputs.subnetIds.gateway : null
  }
}

module gateway 'modules/api-management-facts.bicep' = {
  scope: resourceGroup(apiManagementGroup)
  params: { name: names.apiManagement }
  dependsOn: [newApiManagement]
}

module frontDoorProfile 'modules/front-door.bicep' = if (behindFrontDoor) {
  scope: group
  params: {
    name: names.frontDoor
    tags: allTags
    sku: frontDoor!
    tokenRequestsPerMinute: tokenRequestsPerMinute
    workspaceId: monitoring.outputs.workspaceId
  }
}

// An app is made after all that it reaches, roles and endpoints among it: its host writes its keys when it starts, and they are asked for
// below. The role of the gateway is there by then too, and has the time that an app takes to come into force.
module tokenApp 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: names.tokenApp
    planName: 'plan-${names.tokenApp}'
    location: location
    tags: union(allTags, { 'azd-service-name': 'token' })
    identity: identities.outputs.identities[0]
    hostStorageName: names.tokenHost
    deploymentContainer: deploymentContainer
    insightsName: names.insights
    settings: union(settings, optionalSettings)
    disabledFunctions: separateAdminApp ? adminFunctions : []
    scale: tokenScale
    zoneRedundant: zoneRedundant
    publicNetworkAccess: 'Enabled'
    restricted: behindFrontDoor
    // The admin page asks for a token with the credentials that it shows ("Test connection").
    allowedOrigins: [audience]
    frontDoorId: behindFrontDoor ? frontDoorProfile!.outputs.frontDoorId : null
    callers: separateAdminApp ? [] : gatewayCallers
    subnetId: privateNetwork ? network!.outputs.subnetIds.token : null
  }
  dependsOn: [data, secretsVault, signingVaults, hostStorages, dataEndpoints, gatewayVault]
}

module adminApp 'modules/function-app.bicep' = if (separateAdminApp) {
  scope: group
  params: {
    name: names.adminApp
    planName: 'plan-${names.adminApp}'
    location: location
    tags: union(allTags, { 'azd-service-name': 'admin' })
    identity: last(identities.outputs.identities)!
    hostStorageName: names.adminHost
    deploymentContainer: deploymentContainer
    insightsName: names.insights
    // The policies of API Management write this header.
    settings: union(settings, optionalSettings, { CALLER_ADDRESS: 'X-Azure-SocketIP' })
    disabledFunctions: tokenFunctions
    scale: adminScale
    zoneRedundant: zoneRedundant
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    restricted: true
    // Rules do not count for the private endpoint, the one way in there.
    callers: privateNetwork ? [] : gatewayCallers
    subnetId: privateNetwork ? network!.outputs.subnetIds.admin : null
  }
  dependsOn: [data, secretsVault, signingVaults, hostStorages, dataEndpoints, gatewayVault]
}

module adminDoor 'modules/private-endpoint.bicep' = if (privateNetwork && separateAdminApp) {
  scope: group
  params: {
    name: 'pe-${names.adminApp}-sites'
    location: location
    tags: allTags
    targetId: adminApp!.outputs.id
    groupId: 'sites'
    subnetId: network!.outputs.subnetIds.adminDoor
    zoneId: network!.outputs.zoneIds.sites
  }
}

module frontDoorRoute 'modules/front-door-route.bicep' = if (behindFrontDoor) {
  scope: group
  params: {
    profileName: names.frontDoor
    tags: allTags
    firewallId: frontDoorProfile!.outputs.firewallId
    originHostName: tokenApp.outputs.hostName
    hostName: authHost
  }
}

module gatewayAccess 'modules/gateway-access.bicep' = {
  scope: group
  params: {
    appName: separateAdminApp ? names.adminApp : names.tokenApp
    vaultName: names.gatewayVault
    insightsName: names.insights
    grants: [{ principalId: gateway.outputs.principalId, role: builtInRoles['Monitoring Metrics Publisher'] }]
  }
  dependsOn: [tokenApp, adminApp, gatewayVault]
}

// Last: API Management reads the key from its vault when this is made, and may send requests from then on.
module adminApi 'modules/admin-api.bicep' = {
  scope: resourceGroup(apiManagementGroup)
  params: {
    serviceName: names.apiManagement
    backendHostName: separateAdminApp ? adminApp!.outputs.hostName : tokenApp.outputs.hostName
    gatewayKeyUri: gatewayAccess.outputs.keyUri
    adminTenantId: administratorsTenant
    adminAudience: adminApplicationId
    adminRole: adminRole
    adminScope: adminScope
    adminClients: adminClients
    tokenIssuer: issuer
    tokenAudience: audience
    insightsName: names.insights
    insightsResourceGroup: names.group
  }
  dependsOn: [adminDoor, frontDoorRoute]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    name: 'socmate-${environmentName}'
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    vaults: concat(
      map(names.signingVaults, vault => { id: '${vaultsId}/${vault}', statusCodes: ['403', '429'] }),
      // Whoever still asks for tokens with a disabled client makes it answer 403 to us. A role that is missing raises an alarm.
      [{ id: '${vaultsId}/${names.secretsVault}', statusCodes: ['429'] }]
    )
    email: operatorsEmail
  }
  dependsOn: [secretsVault, signingVaults]
}

@description('Resource group of the installation.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Issuer: the base of the token endpoint, the keys and the metadata.')
output TOKEN_ISSUER string = issuer

@description('Application id of the registration of the admin API: admin tokens are asked for with the scope api://<id>/.default.')
output ADMIN_APPLICATION_ID string = adminApplicationId

@description('Where API Management serves the admin API and the admin page.')
output ADMIN_URL string = audience

@description('Name of the token app.')
output TOKEN_APP string = names.tokenApp

@description('Name of the admin app, or of the one app where they are merged.')
output ADMIN_APP string = separateAdminApp ? names.adminApp : names.tokenApp
