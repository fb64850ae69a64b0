/** Flags that every command takes. */
export const GLOBAL_FLAGS = {
  az: ["--debug", "--help", "-h", "--only-show-errors", "--output", "-o", "--query", "--subscription", "--verbose"],
  azd: ["--cwd", "-C", "--debug", "--environment", "-e", "--help", "-h", "--no-prompt"],
};

/**
 * The commands that the documents use, each with its flags. A command that is used newly is added after a look at its source:
 * https://github.com/Azure/azure-cli/tree/dev/src/azure-cli/azure/cli/command_modules (`commands.py` and `_params.py` of each module, and for
 * afd https://github.com/Azure/azure-cli/tree/dev/src/azure-cli/azure/cli/command_modules/cdn/aaz),
 * https://github.com/Azure/azure-dev/tree/main/cli/azd/cmd/testdata (`TestUsage-*.snap`).
 */
export const COMMANDS: Record<string, string> = {
  "az account get-access-token": "--name -n --resource --resource-type --scope --tenant -t",
  "az account set": "--name --subscription -n -s",
  "az ad app create":
    "--app-roles --display-name --enable-access-token-issuance --enable-id-token-issuance --identifier-uris --optional-claims --public-client-redirect-uris --required-resource-accesses --sign-in-audience --web-home-page-url --web-redirect-uris",
  "az ad app show": "--id",
  "az ad signed-in-user show": "",
  "az ad sp create": "--id",
  "az ad sp show": "--id",
  "az ad sp update": "--add --force-string --id --remove --set",
  "az afd custom-domain show": "--custom-domain-name --ids --profile-name --resource-group -g",
  "az afd endpoint show": "--endpoint-name --ids --profile-name --resource-group -g",
  "az apim deletedservice purge": "--location -l --service-name -n",
  "az deployment sub create":
    "--confirm-with-what-if -c --location -l --name -n --no-prompt --no-wait --parameters -p --template-file -f --template-uri -u --what-if -w",
  "az functionapp deployment source config-zip":
    "--build-remote --name -n --resource-group -g --slot -s --src --timeout -t",
  "az functionapp keys set": "--key-name --key-type --key-value --name -n --resource-group -g --slot -s",
  "az functionapp list-flexconsumption-locations": "--details --runtime --zone-redundant",
  "az group create": "--location -l --managed-by --name -n --tags",
  "az group delete": "--force-deletion-types -f --name -n --no-wait --resource-group -g --yes -y",
  "az identity create": "--location -l --name -n --resource-group -g --tags",
  "az identity federated-credential create":
    "--audiences --identity-name --issuer --name -n --resource-group -g --subject",
  "az identity show": "--ids --name -n --resource-group -g",
  "az keyvault key rotate": "--id --name -n --vault-name",
  "az keyvault key rotation-policy update": "--id --name -n --value --vault-name",
  "az keyvault key set-attributes":
    "--enabled --expires --id --name -n --not-before --ops --policy --tags --vault-name --version -v",
  "az keyvault list-deleted": "--resource-type",
  "az keyvault show": "--hsm-name --name -n --resource-group -g",
  "az keyvault purge": "--hsm-name --location -l --name -n --no-wait",
  "az login": "--allow-no-subscriptions --tenant -t --use-device-code",
  "az policy exemption create":
    "--description --display-name --exemption-category -e --expires-on --metadata --name -n --policy-assignment -a --policy-definition-reference-ids -r --resource-group -g --scope",
  "az provider register": "--consent-to-permissions -c --management-group-id -m --namespace -n --wait",
  "az rest":
    "--body -b --headers --method -m --output-file --resource --skip-authorization-header --uri -u --uri-parameters --url",
  "az role assignment create":
    "--assignee --assignee-object-id --assignee-principal-type --description --name -n --role --scope",
  "az role definition create": "--role-definition",
  "azd auth login": "--check-status --tenant-id --use-device-code",
  "azd deploy": "--all --from-package --timeout",
  "azd down": "--force --purge",
  "azd env get-value": "",
  "azd env new": "--location -l --subscription",
  "azd env set": "--file",
  "azd package": "--all --output-path",
  "azd pipeline config": "--auth-type --principal-id --principal-name --principal-role --provider --remote-name",
  "azd provision": "--location -l --no-state --preview --subscription",
  "azd up": "--location -l --subscription",
};
