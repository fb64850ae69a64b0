metadata description = 'Types and role ids that more than one module uses.'

@export()
@description('Tags of a resource.')
type tagsType = { *: string }

@export()
@description('A role for a principal, on the resource that the module creates.')
type grantType = {
  @description('Required. Object id of the managed identity.')
  principalId: string

  @description('Required. Id of the role definition, a GUID.')
  role: string
}

@export()
@description('A role for a principal, on one of the tables that the module creates.')
type tableGrantType = {
  @description('Required. Name of the table.')
  table: string

  @description('Required. Object id of the managed identity.')
  principalId: string

  @description('Required. Id of the role definition, a GUID.')
  role: string
}

@export()
@description('How an app scales: tokens a second and instance = httpConcurrency / seconds a token takes.')
type scaleType = {
  @description('Required. Memory of an instance in MB. CPU comes with it: a quarter of a core, one core, two cores.')
  instanceMemoryMB: 512 | 2048 | 4096

  @description('Required. Most instances that may run at once.')
  @minValue(1)
  @maxValue(1000)
  maximumInstanceCount: int

  @description('Required. Instances that are always warm; 0 saves their price and brings cold starts.')
  @minValue(0)
  alwaysReadyInstances: int

  @description('Required. Requests that one instance works on at once.')
  @minValue(1)
  @maxValue(1000)
  httpConcurrency: int
}

@export()
@description('API Management: an instance of ours, or one that is there already.')
type apiManagementType = {
  @description('Optional. Name of an existing instance with a system-assigned identity. Without it an instance is created.')
  existingName: string?

  @description('Optional. Resource group of the existing instance. Default: the resource group of this deployment.')
  existingResourceGroup: string?

  @description('Optional. Address range that the existing instance calls from; needed with a private network.')
  existingSubnetPrefix: string?

  @description('Optional. Tier of the instance that is created. StandardV2 is what reaches private backends. Default: BasicV2.')
  sku: ('BasicV2' | 'StandardV2')?

  @description('Optional. Scale units of the instance that is created. Default: 1.')
  @minValue(1)
  @maxValue(10)
  capacity: int?

  @description('Optional. Key Vault secret id, without version, of the certificate for apiHost. The identity of the instance must be able to read it.')
  certificateSecretId: string?
}

@export()
@description('Built-in roles that are used.')
var builtInRoles = {
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Key Vault Reader': '21090545-7ca7-4776-b22c-e363652d74d2'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
}

// https://learn.microsoft.com/azure/virtual-network/service-tags-overview: tags that are not named as their region is.
var irregularTags = {
  francecentral: 'centralfrance'
  francesouth: 'southfrance'
  germanynorth: 'germanyn'
  germanywestcentral: 'germanywc'
  norwayeast: 'norwaye'
  norwaywest: 'norwayw'
  switzerlandnorth: 'switzerlandn'
  switzerlandwest: 'switzerlandw'
}

@export()
@description('Service tag of all addresses of Azure in a region. API Management tells its region as a display name: West Europe.')
func azureCloudTag(location string) string =>
  'AzureCloud.${irregularTags[?toLower(replace(location, ' ', ''))] ?? toLower(replace(location, ' ', ''))}'
