using '../main.bicep'

// Everything that a parameter can switch on, under the longest names.
param environmentName = 'twelveletter'
param location = 'westeurope'
param operatorsEmail = 'operators@yourcompany.com'
param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param consoleApplicationId = '00000000-0000-0000-0000-000000000001'
param authHost = 'auth.of-a-name-that-is-as-long-as-the-label-of-a-host-may-be-it-is.socmate.yourcompany.com'
param apiHost = 'api.socmate.yourcompany.com'
param frontDoor = 'Premium_AzureFrontDoor'
param zoneRedundant = true
param privateNetwork = true
param deploySourcePrefixes = ['10.30.0.0/24']
param apiManagement = {
  sku: 'StandardV2'
  certificateSecretId: 'https://kv-yourcompany.vault.azure.net/secrets/api-socmate-yourcompany-com'
}
param signingVaultLocations = [
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
  'westeurope'
]
