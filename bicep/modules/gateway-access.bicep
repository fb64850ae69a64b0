import { grantType } from 'types.bicep'

metadata description = 'What API Management needs of us: the host key of the admin app, put where neither app can read it, and a place for its telemetry.'

@description('Required. Name of the app that API Management calls.')
param appName string

@description('Required. Vault that holds nothing else.')
param vaultName string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Who may send telemetry there.')
param grants grantType[]

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource key 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: 'gateway-key'
  properties: {
    contentType: 'Functions host key'
    value: listKeys('${app.id}/host/default', '2025-03-01').functionKeys.default
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource publishers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    name: guid(insights.id, grant.principalId, grant.role)
    scope: insights
    properties: {
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
    }
  }
]

@description('Address of the secret, without a version, so that API Management follows a changed key.')
output keyUri string = key.properties.secretUri
