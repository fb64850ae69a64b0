using '../main.bicep'

// An API Management instance that is there already, in another resource group, and Front Door without managed rules.
param environmentName = 'shared'
param location = 'westeurope'
param operatorsEmail = 'operators@yourcompany.com'
param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param authHost = 'auth.socmate.yourcompany.com'
param apiHost = 'api.socmate.yourcompany.com'
param frontDoor = 'Standard_AzureFrontDoor'
param apiManagement = { existingName: 'apim-company', existingResourceGroup: 'rg-company-api' }
