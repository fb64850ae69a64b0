import { grantType, tagsType } from 'types.bicep'

metadata description = 'A Key Vault: roles instead of access policies, an audit log; with a signing key where one is named.'

@description('Required. Name of the vault.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Roles of the identities in this vault.')
param grants grantType[]

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Required. Whether every operation is logged. A busy signing vault writes a line for each token.')
param audit bool

@description('Required. Whether the vault is closed to the internet. Trusted services of Azure still pass, API Management among them.')
param private bool

@description('Required. Whether a deleted vault can be purged by nobody, for 90 days. Without it: by who may, within 7 days. Both are set when the vault is made, and not changed later.')
param purgeProtection bool

@description('Required. Whether a deleted vault of this name is brought back, with its keys and secrets.')
param recover bool

@description('Optional. Name of the RSA key to create. Empty: no key.')
param signingKeyName string = ''

@description('Optional. ISO 8601 duration after which Key Vault makes a new version of the key.')
param rotateAfter string = 'P90D'

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    createMode: recover ? 'recover' : 'default'
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: purgeProtection ? 90 : 7
    // Azure refuses the value false (https://learn.microsoft.com/azure/templates/microsoft.keyvault/vaults).
    enablePurgeProtection: purgeProtection ? true : null
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

// Azure Resource Manager creates a key once. It never changes it, nor its rotation policy, on a later deployment.
resource signingKey 'Microsoft.KeyVault/vaults/keys@2026-02-01' = if (!empty(signingKeyName)) {
  parent: vault
  name: empty(signingKeyName) ? 'none' : signingKeyName
  properties: {
    kty: 'RSA'
    keySize: 2048
    keyOps: ['sign', 'verify']
    attributes: { enabled: true, exportable: false }
    // No expiry: the key ring retires old versions. An expiry date that a policy demands is honoured (docs/keys.md).
    rotationPolicy: {
      lifetimeActions: [
        { action: { type: 'rotate' }, trigger: { timeAfterCreate: rotateAfter } }
      ]
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    name: guid(vault.id, grant.principalId, grant.role)
    scope: vault
    properties: {
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
    }
  }
]

// The stable version, of 2016, knows neither category groups nor tables of their own.
#disable-next-line use-recent-api-versions
resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (audit) {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

@description('Resource id of the vault.')
output id string = vault.id
