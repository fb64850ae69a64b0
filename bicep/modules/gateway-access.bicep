import { grantType } from 'types.bicep'

metadata description = 'What API Management needs of us: the host key of the admin app, put where neither app can read it, and a place for its telemetry.'

@description('Required. Name of the app that API Management calls.')
param appName string

@description('Required. Vault that holds nothing else.')
param vaultName string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Role with which API Management sends telemetry there.')
param telemetryGrant grantType

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

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, telemetryGrant.principalId, telemetryGrant.roleId)
  scope: insights
  properties: {
    principalId: telemetryGrant.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: telemetryGrant.roleId
  }
}

@description('Address of the secret, without a version, so that API Management follows a changed key.')
output keyUri string = key.properties.secretUri
