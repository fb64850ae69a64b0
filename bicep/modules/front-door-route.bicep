import { tagsType } from 'types.bicep'

metadata description = 'The way from auth.<host> through Front Door to the token app: the public paths, https, nothing cached.'

@description('Required. Name of the Front Door profile.')
param profileName string

@description('Required. Tags.')
param tags tagsType

@description('Required. Resource id of the firewall policy.')
param firewallId string

@description('Required. Host name of the token app.')
param originHostName string

@description('Required. Host name that clients know.')
param hostName string

resource profile 'Microsoft.Cdn/profiles@2025-06-01' existing = {
  name: profileName
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: profileName
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource domain 'Microsoft.Cdn/profiles/customDomains@2025-06-01' = {
  parent: profile
  name: replace(hostName, '.', '-')
  properties: {
    hostName: hostName
    tlsSettings: { certificateType: 'ManagedCertificate', minimumTlsVersion: 'TLS12' }
  }
}

// One origin: there is nothing to fail over to, so nothing is probed.
resource origins 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'token'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3 }
    sessionAffinityState: 'Disabled'
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: origins
  name: 'token'
  properties: {
    hostName: originHostName
    originHostHeader: originHostName
    httpsPort: 443
    enforceCertificateNameCheck: true
    enabledState: 'Enabled'
  }
}

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: endpoint
  name: 'public'
  dependsOn: [origin]
  properties: {
    originGroup: { id: origins.id }
    customDomains: [{ id: domain.id }]
    // The paths one by one: with a wildcard, `/.well-known/../x` would lead to any path of the app.
    patternsToMatch: [
      '/oauth/token'
      '/.well-known/jwks.json'
      '/.well-known/oauth-authorization-server'
      '/.well-known/openid-configuration'
      '/health'
    ]
    supportedProtocols: ['Https']
    httpsRedirect: 'Disabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Disabled'
    enabledState: 'Enabled'
  }
}

resource protection 'Microsoft.Cdn/profiles/securityPolicies@2025-06-01' = {
  parent: profile
  name: 'firewall'
  properties: {
    parameters: {
      type: 'WebApplicationFirewall'
      wafPolicy: { id: firewallId }
      associations: [{ domains: [{ id: domain.id }], patternsToMatch: ['/*'] }]
    }
  }
}

@description('Name that a CNAME record of the host must point to.')
output endpointHostName string = endpoint.properties.hostName
