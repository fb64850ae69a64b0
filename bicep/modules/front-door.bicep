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
      // No answer of our own: it would be the same for every rule. Without one the rate limit answers 429 and the managed rules 403
      // (https://learn.microsoft.com/azure/web-application-firewall/afds/waf-front-door-configure-custom-response-code).
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
          // No path: the Functions host decodes one, removes dot segments and ignores its case and a slash at its end, and a condition on
          // the URI would have to do the same. Behind this door only the token endpoint answers to other methods than these two.
          matchConditions: [
            { matchVariable: 'RequestMethod', operator: 'Equal', negateCondition: true, matchValue: ['GET', 'HEAD'] }
          ]
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
