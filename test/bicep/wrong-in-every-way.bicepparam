using '../../bicep/main.bicep'

param environmentName = 'My_Env-'
param location = 'westeurope'
param operatorsEmail = 'operators@yourcompany.com'
param adminApplicationId = 'aaaaaaaa-0000-0000-0000-000000000000'
param consoleApplicationId = 'AAAAAAAA-0000-0000-0000-000000000000'
param authHost = 'auth.socmate.yourcompany.com'
param apiHost = 'api.socmate.yourcompany.com'
param privateNetwork = true
