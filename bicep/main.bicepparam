using 'main.bicep'

// What azd deploys: `azd env set NAME value` fills in the rest.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param operatorsEmail = readEnvironmentVariable('OPERATORS_EMAIL', '')
param adminApplicationId = readEnvironmentVariable('ADMIN_APPLICATION_ID', '')
param consoleApplicationId = readEnvironmentVariable('CONSOLE_APPLICATION_ID', '')
param authHost = readEnvironmentVariable('AUTH_HOST', '')
param apiHost = readEnvironmentVariable('API_HOST', '')
param purgeProtection = bool(readEnvironmentVariable('PURGE_PROTECTION', 'true'))
param recoverVaults = bool(readEnvironmentVariable('RECOVER_VAULTS', 'false'))
param nameSalt = readEnvironmentVariable('NAME_SALT', '')
