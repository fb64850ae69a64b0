using 'main.bicep'

// What azd deploys. A parameter reads the variable of its name in capitals, which `azd env set NAME value` sets; the items of a list are
// separated by commas; objects, and the list that may be empty, are JSON. Without a variable it has the default of main.bicep.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = json(readEnvironmentVariable('TAGS', '{}'))
param operatorsEmail = readEnvironmentVariable('OPERATORS_EMAIL', '')

param adminApplicationId = readEnvironmentVariable('ADMIN_APPLICATION_ID', '')
param consoleApplicationId = readEnvironmentVariable('CONSOLE_APPLICATION_ID', '')
param adminTenantId = readEnvironmentVariable('ADMIN_TENANT_ID', '')
param adminRole = readEnvironmentVariable('ADMIN_ROLE', 'admin')
param adminScope = readEnvironmentVariable('ADMIN_SCOPE', 'administer')
param adminClientIds = split(readEnvironmentVariable('ADMIN_CLIENT_IDS', azureCli), ',')
var azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

param authHost = readEnvironmentVariable('AUTH_HOST', '')
param apiHost = readEnvironmentVariable('API_HOST', '')
param documentationUrl = readEnvironmentVariable('DOCUMENTATION_URL', '')

param tokenLifetimeSeconds = int(readEnvironmentVariable('TOKEN_LIFETIME_SECONDS', '1800'))
param clientIdPrefix = readEnvironmentVariable('CLIENT_ID_PREFIX', 'socmate')
param signingVaultLocations = split(readEnvironmentVariable('SIGNING_VAULT_LOCATIONS', location), ',')
param keyPublishLeadSeconds = int(readEnvironmentVariable('KEY_PUBLISH_LEAD_SECONDS', '86400'))
param keyRotateAfter = readEnvironmentVariable('KEY_ROTATE_AFTER', 'P90D')
param secretHashExpiryDays = json(readEnvironmentVariable('SECRET_HASH_EXPIRY_DAYS', 'null'))
param auditSignatures = bool(readEnvironmentVariable('AUDIT_SIGNATURES', 'true'))

param separateAdminApp = bool(readEnvironmentVariable('SEPARATE_ADMIN_APP', 'true'))
param tokenScale = json(readEnvironmentVariable('TOKEN_SCALE', tokenScaleDefault))
var tokenScaleDefault = '{"instanceMemoryMB":2048,"maximumInstanceCount":40,"alwaysReadyInstances":2,"httpConcurrency":64}'
param adminScale = json(readEnvironmentVariable('ADMIN_SCALE', adminScaleDefault))
var adminScaleDefault = '{"instanceMemoryMB":512,"maximumInstanceCount":40,"alwaysReadyInstances":0,"httpConcurrency":16}'
param zoneRedundant = bool(readEnvironmentVariable('ZONE_REDUNDANT', 'false'))

param apiManagement = json(readEnvironmentVariable('API_MANAGEMENT', '{}'))
param frontDoor = any(empty(readEnvironmentVariable('FRONT_DOOR', ''))
  ? null
  : readEnvironmentVariable('FRONT_DOOR', ''))
param tokenRequestsPerMinute = int(readEnvironmentVariable('TOKEN_REQUESTS_PER_MINUTE', '6000'))
param privateNetwork = bool(readEnvironmentVariable('PRIVATE_NETWORK', 'false'))
param networkPrefix = readEnvironmentVariable('NETWORK_PREFIX', '10.20.0.0/24')
param deploySourcePrefixes = json(readEnvironmentVariable('DEPLOY_SOURCE_PREFIXES', '[]'))

param purgeProtection = bool(readEnvironmentVariable('PURGE_PROTECTION', 'true'))
param recoverVaults = bool(readEnvironmentVariable('RECOVER_VAULTS', 'false'))
param nameSalt = readEnvironmentVariable('NAME_SALT', '')
param disableIpMasking = bool(readEnvironmentVariable('DISABLE_IP_MASKING', 'false'))
param logRetentionDays = int(readEnvironmentVariable('LOG_RETENTION_DAYS', '90'))
