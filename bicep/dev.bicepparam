using 'main.bicep'

// The smallest installation that works: one app, Azure's own host names, nothing warm. It costs what API Management costs.
param environmentName = 'dev'
param location = 'westeurope'
param operatorsEmail = 'dev@yourcompany.com'

param adminApplicationId = '00000000-0000-0000-0000-000000000000'
param consoleApplicationId = '00000000-0000-0000-0000-000000000001'

param separateAdminApp = false
param purgeProtection = false
param logRetentionDays = 30

param tokenScale = {
  instanceMemoryMB: 512
  maximumInstanceCount: 40
  alwaysReadyInstances: 0
  httpConcurrency: 16
}
