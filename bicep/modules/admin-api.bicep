metadata description = 'The admin API and the admin page on an API Management instance, and the policy fragment with which SoCMate\'s own API checks access tokens.'

@description('Required. Name of the API Management instance.')
param serviceName string

@description('Required. Host name of the app behind the API.')
param backendHostName string

@description('Required. Address of the Key Vault secret with the host key of that app.')
param gatewayKeyUri string

@description('Required. Tenant whose administrators are let in.')
param adminTenantId string

@description('Required. Audience of their tokens.')
param adminAudience string

@description('Required. Role that their tokens must carry.')
param adminRole string

@description('Required. Scope that their delegated tokens must carry.')
param adminScope string

@description('Required. Application ids of the applications that they may use, in lower case, comma-separated.')
param adminClients string

@description('Required. Issuer of access tokens.')
param tokenIssuer string

@description('Required. Audience of access tokens.')
param tokenAudience string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Resource group of that component.')
param insightsResourceGroup string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
  scope: resourceGroup(insightsResourceGroup)
}

// The policies are plain XML: what differs between installations reaches them as named values.
var values = {
  'socmate-admin-tenant': adminTenantId
  'socmate-admin-audience': adminAudience
  'socmate-admin-backend': backendHostName
  'socmate-admin-role': adminRole
  'socmate-admin-scope': adminScope
  'socmate-admin-clients': adminClients
  'socmate-token-issuer': tokenIssuer
  'socmate-token-audience': tokenAudience
}

resource namedValues 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = [
  for value in items(values): {
    parent: service
    name: value.key
    properties: { displayName: value.key, value: value.value, secret: false }
  }
]

resource gatewayKey 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  parent: service
  name: 'socmate-gateway-key'
  properties: {
    displayName: 'socmate-gateway-key'
    secret: true
    keyVault: { secretIdentifier: gatewayKeyUri }
  }
}

resource adminApi 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'socmate-api-clients'
  properties: {
    path: 'api/admin'
    protocols: ['https']
    format: 'openapi+json'
    // An import takes the backend from the servers of the document. Requests go where the policy says.
    value: string(union(loadJsonContent('../../openapi.json'), {
      servers: [{ url: 'https://${backendHostName}/api/admin' }]
    }))
    // An administrator is known by an Entra token. A subscription key would be a second, weaker password.
    subscriptionRequired: false
  }
}

// HEAD is answered as GET (RFC 9110 §9.3.2). The document leaves it out, so that generated clients have no methods for it.
resource headOfAdminApi 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for operation in [
    { name: 'list-head', urlTemplate: '/api-clients', parameters: [] }
    {
      name: 'get-head'
      urlTemplate: '/api-clients/{client_id}'
      parameters: [{ name: 'client_id', type: 'string', required: true }]
    }
  ]: {
    parent: adminApi
    name: operation.name
    properties: {
      displayName: operation.name
      method: 'HEAD'
      urlTemplate: operation.urlTemplate
      templateParameters: operation.parameters
    }
  }
]

resource adminPolicy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: adminApi
  name: 'policy'
  dependsOn: [namedValues, gatewayKey]
  properties: { format: 'xml', value: loadTextContent('../policies/admin-api.xml') }
}

resource consoleApi 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'socmate-console'
  properties: {
    displayName: 'SoCMate API clients: admin page'
    path: 'console'
    protocols: ['https']
    subscriptionRequired: false
  }
}

resource consoleFiles 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for method in ['GET', 'HEAD']: {
    parent: consoleApi
    name: method == 'GET' ? 'files' : 'files-head'
    properties: { displayName: 'Page and its files (${method})', method: method, urlTemplate: '/*' }
  }
]

resource consolePolicy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: consoleApi
  name: 'policy'
  dependsOn: [namedValues, gatewayKey]
  properties: { format: 'xml', value: loadTextContent('../policies/console.xml') }
}

resource accessTokenFragment 'Microsoft.ApiManagement/service/policyFragments@2024-05-01' = {
  parent: service
  name: 'socmate-access-token'
  dependsOn: [namedValues]
  properties: {
    description: 'Lets a request pass that carries an access token of an API client with the scope named in the variable required-scope.'
    format: 'xml'
    value: loadTextContent('../policies/access-token.xml')
  }
}

resource insightsLogger 'Microsoft.ApiManagement/service/loggers@2024-05-01' = {
  parent: service
  name: 'socmate'
  properties: {
    loggerType: 'applicationInsights'
    resourceId: insights.id
    credentials: { connectionString: insights.properties.ConnectionString, identityClientId: 'SystemAssigned' }
  }
}

resource monitorLogger 'Microsoft.ApiManagement/service/loggers@2024-05-01' = {
  parent: service
  name: 'azuremonitor'
  properties: { loggerType: 'azureMonitor', isBuffered: true }
}

// Answers to create and regenerate carry the secret, requests carry the administrator's token: no body and no header is recorded.
// Set on the API itself, so that the settings of an instance that others share do not reach it.
var nothing = { headers: [], body: { bytes: 0 } }
var masked = {
  headers: [{ value: 'Authorization', mode: 'Hide' }, { value: 'x-functions-key', mode: 'Hide' }]
  queryParams: [{ value: '*', mode: 'Hide' }]
}

resource diagnostics 'Microsoft.ApiManagement/service/apis/diagnostics@2024-05-01' = [
  for sink in [{ name: 'applicationinsights', logger: 'socmate' }, { name: 'azuremonitor', logger: 'azuremonitor' }]: {
    parent: adminApi
    name: sink.name
    dependsOn: [insightsLogger, monitorLogger]
    properties: {
      loggerId: '${service.id}/loggers/${sink.logger}'
      alwaysLog: 'allErrors'
      logClientIp: true
      httpCorrelationProtocol: sink.name == 'applicationinsights' ? 'W3C' : null
      verbosity: 'information'
      sampling: { samplingType: 'fixed', percentage: 100 }
      frontend: { request: union(nothing, { dataMasking: masked }), response: nothing }
      backend: { request: union(nothing, { dataMasking: masked }), response: nothing }
    }
  }
]
