import { tagsType } from 'types.bicep'

metadata description = 'Front Door and its firewall, before there is an app to send requests to.'

@description('Required. Name of the profile.')
param name string

@description('Required. Tags.')
param tags tagsType

@description('Required. Tier. Premium adds the managed rules.')
param sku 'Standard_AzureFrontDoor' | 'Premium_AzureFrontDoor'

@description('Required. Token requests that one address may make in a minute.')
param tokenRequestsPerMinute int

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: { name: sku }
  properties: {
    originResponseTimeoutSeconds: 30
    // Credentials in a URL are refused by the service. They must not stay in our logs either.
    logScrubbing: {
      state: 'Enabled'
      scrubbingRules: [{ matchVariable: 'QueryStringArgNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }]
    }
  }
}

resource firewall 'Microsoft.Network/FrontDoorWebApplicationFirewallPolicies@2025-03-01' = {
  name: replace('${name}waf', '-', '')
  location: 'global'
  tags: tags
  sku: { name: sku }
  properties: {
    policySettings: {
      enabledState: 'Enabled'
      mode: 'Prevention'
      requestBodyCheck: 'Enabled'
      customBlockResponseStatusCode: 429
      // Front Door replaces azure-ref by the reference of the request in its logs.
      customBlockResponseBody: base64('{"error":"temporarily_unavailable","error_description":"Too many requests from this address. Try again in a minute. (request {{azure-ref}})"}')
      // The firewall writes what it matched into its log.
      logScrubbing: {
        state: 'Enabled'
        scrubbingRules: [
          { matchVariable: 'RequestBodyPostArgNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }
          { matchVariable: 'QueryStringArgNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }
          { matchVariable: 'RequestHeaderNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }
        ]
      }
    }
    customRules: {
      rules: [
        {
          name: 'TokenRequests'
          priority: 100
          enabledState: 'Enabled'
          ruleType: 'RateLimitRule'
          rateLimitDurationInMinutes: 1
          rateLimitThreshold: tokenRequestsPerMinute
          action: 'Block'
          matchConditions: [{ matchVariable: 'RequestUri', operator: 'Contains', matchValue: ['/oauth/token'] }]
        }
      ]
    }
    managedRules: {
      managedRuleSets: sku == 'Premium_AzureFrontDoor'
        ? [{ ruleSetType: 'Microsoft_DefaultRuleSet', ruleSetVersion: '2.1', ruleSetAction: 'Block' }]
        : []
    }
  }
}

// The stable version, of 2016, knows neither category groups nor tables of their own.
#disable-next-line use-recent-api-versions
resource accessLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'access'
  scope: profile
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'FrontDoorAccessLog', enabled: true }
      { category: 'FrontDoorWebApplicationFirewallLog', enabled: true }
    ]
  }
}

@description('Id that Front Door writes into x-azure-fdid.')
output frontDoorId string = profile.properties.frontDoorId

@description('Resource id of the firewall policy.')
output firewallId string = firewall.id
