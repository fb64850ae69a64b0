metadata description = 'Custom roles: what the apps do, and nothing else. The built-in roles that come nearest could also encrypt and unwrap with the key, purge secrets or drop the table.'

var custom = {
  signer: {
    name: 'SoCMate token signer'
    description: 'Read the public part of the signing key and sign with it.'
    dataActions: [
      'Microsoft.KeyVault/vaults/keys/read'
      'Microsoft.KeyVault/vaults/keys/sign/action'
    ]
  }
  secretWriter: {
    name: 'SoCMate client secret writer'
    description: 'Write, read back, list and disable hashes of client secrets. Not delete, purge, back up or restore.'
    dataActions: [
      'Microsoft.KeyVault/vaults/secrets/getSecret/action'
      'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
      'Microsoft.KeyVault/vaults/secrets/setSecret/action'
      'Microsoft.KeyVault/vaults/secrets/update/action'
    ]
  }
  rowReader: {
    name: 'SoCMate row reader'
    description: 'Read rows.'
    dataActions: ['Microsoft.Storage/storageAccounts/tableServices/tables/entities/read']
  }
  usageWriter: {
    name: 'SoCMate usage writer'
    description: 'Insert and merge rows. Not read or delete them, and no table can be created or dropped.'
    dataActions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action'
    ]
  }
  rowWriter: {
    name: 'SoCMate client row writer'
    description: 'Read, insert and merge rows. Not delete them, and no table can be created or dropped.'
    dataActions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read'
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action'
    ]
  }
}

resource definitions 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for role in items(custom): {
    name: guid(resourceGroup().id, role.key)
    properties: {
      type: 'customRole'
      // A role's name is unique in the tenant: another subscription may have a resource group of the same name.
      roleName: '${role.value.name} (${resourceGroup().name}, ${subscription().subscriptionId})'
      description: role.value.description
      assignableScopes: [resourceGroup().id]
      permissions: [{ actions: [], notActions: [], dataActions: role.value.dataActions, notDataActions: [] }]
    }
  }
]

@description('Ids of the custom roles.')
output ids { signer: string, secretWriter: string, rowReader: string, rowWriter: string, usageWriter: string } = {
  signer: guid(resourceGroup().id, 'signer')
  secretWriter: guid(resourceGroup().id, 'secretWriter')
  rowReader: guid(resourceGroup().id, 'rowReader')
  rowWriter: guid(resourceGroup().id, 'rowWriter')
  usageWriter: guid(resourceGroup().id, 'usageWriter')
}
