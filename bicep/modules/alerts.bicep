import { tagsType } from 'types.bicep'

metadata description = 'What wakes somebody up.'

@description('Required. Prefix of the names.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags tagsType

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Required. The vaults to watch, each with the answers that must not come from it.')
param vaults { id: string, statusCodes: string[] }[]

@description('Required. Address that is told.')
param email string

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-operators'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'SoCMate'
    enabled: true
    emailReceivers: [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource vaultRefusals 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for vault in vaults: {
    name: '${name}-refused-by-${last(split(vault.id, '/'))}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Key Vault throttles (429) or forbids (403).'
      severity: 1
      enabled: true
      scopes: [vault.id]
      evaluationFrequency: 'PT1M'
      windowSize: 'PT5M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'refused'
            metricName: 'ServiceApiResult'
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: [{ name: 'StatusCode', operator: 'Include', values: vault.statusCodes }]
          }
        ]
      }
      actions: [{ actionGroupId: operators.id }]
    }
  }
]

// The URL is the same in both telemetry modes of the Functions host, the operation's name is not.
// Its path may be spelled in any way that the host takes for this one: `has` ignores case, `url_decode` undoes percent-encoding.
var tokenRequests = 'AppRequests | where url_decode(Url) has "/oauth/token"'

var alarms = 'AppTraces | where Message startswith "{" | extend alarm = tostring(parse_json(Message).alarm) | where isnotempty(alarm)'
var expiryAlarm = 'signing_key_expires'

var queries = {
  'token-errors': {
    description: 'More than one token request in a hundred ended in 5xx.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT5M'
    query: '${tokenRequests} | summarize failed = sumif(ItemCount, toint(ResultCode) >= 500), total = sum(ItemCount) | where total >= 20 and failed * 100 > total'
  }
  'token-slow': {
    description: 'One token request in twenty took longer than a second.'
    severity: 2
    frequency: 'PT5M'
    window: 'PT10M'
    query: '${tokenRequests} | summarize slow = sumif(ItemCount, DurationMs > 1000), total = sum(ItemCount) | where total >= 20 and slow * 20 > total'
  }
  'retry-after-storm': {
    description: 'Token requests were turned away with 503 and Retry-After. Signing quota or a store is exhausted.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT5M'
    query: '${tokenRequests} | where ResultCode == "503" | summarize refused = sum(ItemCount) | where refused > 50'
  }
  alarm: {
    description: 'The service logged an alarm: something that must not happen, happened.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT5M'
    query: '${alarms} | where alarm != "${expiryAlarm}"'
  }
  // An instance logs it once: a window of a day keeps the alert from being told again with every instance that starts.
  'signing-key-expires': {
    description: 'The active signing key of a vault expires within 30 days, and no newer version takes over before.'
    severity: 2
    frequency: 'PT1H'
    window: 'P1D'
    query: '${alarms} | where alarm == "${expiryAlarm}"'
  }
  // The alarm of a failing sweep cannot tell that the timer does not run at all. An installation younger than a day is left out.
  'sweep-overdue': {
    description: 'No run of the sweep has reached the end of the list of vault secrets for a day.'
    severity: 2
    frequency: 'PT1H'
    window: 'P1D'
    query: 'AppTraces | where Message startswith "{" | extend line = parse_json(Message) | summarize ended = countif(tostring(line.event) == "sweep" and tobool(line.complete)), oldest = min(TimeGenerated) | where ended == 0 and (isnull(oldest) or oldest < ago(22h))'
  }
}

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for item in items(queries): {
    name: '${name}-${item.key}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${name}-${item.key}'
      description: item.value.description
      severity: item.value.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: item.value.frequency
      windowSize: item.value.window
      // The tables exist only once the apps have sent something.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: item.value.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: [operators.id] }
    }
  }
]
