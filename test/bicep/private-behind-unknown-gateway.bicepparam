using '../../bicep/main.bicep'

param environmentName = 'wrong'
param location = 'westeurope'
param operatorsEmail = 'operators@yourcompany.com'
param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param consoleApplicationId = '00000000-0000-0000-0000-000000000001'
param privateNetwork = true
param apiManagement = { existingName: 'apim-company' }
