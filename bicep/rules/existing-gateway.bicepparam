using '../main.bicep'

// An API Management instance that is there already, in another resource group, Front Door without managed rules, documentation of the
// errors, and a tenant that demands an expiry date of secrets.
param environmentName = 'shared'
param location = 'westeurope'
param operatorsEmail = 'operators@yourcompany.com'
param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param consoleApplicationId = '00000000-0000-0000-0000-000000000001'
param authHost = 'auth.socmate.yourcompany.com'
param apiHost = 'api.socmate.yourcompany.com'
param secretHashExpiryDays = 365
param frontDoor = 'Standard_AzureFrontDoor'
param apiManagement = { existingName: 'apim-company', existingResourceGroup: 'rg-company-api' }
param documentationUrl = 'https://docs.yourcompany.com/socmate/errors'
