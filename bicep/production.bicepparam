using 'main.bicep'

// A production installation: own host names behind a firewall, two signing vaults, everything but the two front doors private.
param environmentName = 'production'
param location = 'westeurope'
param tags = { owner: 'security-platform' }
param operatorsEmail = 'security-platform@yourcompany.com'

param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param consoleApplicationId = '00000000-0000-0000-0000-000000000001'

param authHost = 'auth.socmate.yourcompany.com'
param apiHost = 'api.socmate.yourcompany.com'
param frontDoor = 'Premium_AzureFrontDoor'

param zoneRedundant = true
param signingVaultLocations = ['westeurope', 'northeurope']
param privateNetwork = true
param apiManagement = {
  sku: 'StandardV2'
  // The instance must be allowed to read it: see docs/deployment.md, Host names.
  certificateSecretId: 'https://kv-yourcompany.vault.azure.net/secrets/api-socmate-yourcompany-com'
}

param tokenScale = {
  instanceMemoryMB: 2048
  maximumInstanceCount: 40
  alwaysReadyInstances: 2
  httpConcurrency: 64
}
