import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ExternalSigningKey, Provider } from "oidc-provider";
import { hashClientSecret } from "../../shared/clients/client-secret.ts";
import { clientMetadata, providerConfiguration } from "../oidc-configuration.ts";
import { connectRawAzure } from "../raw-azure.ts";
import { serve } from "../serve.ts";

/** Starts node-oidc-provider on the stores of the service: rows in the table, hashes and the key in vaults. Its calls to Azure are those of the baseline. */
export async function start(): Promise<string> {
  const azure = await connectRawAzure(process.env);
  const hashes = new Map<string, string>();
  const hashOf = async (secretName: string) => {
    const known = hashes.get(secretName) ?? (await azure.secretHash(secretName));
    hashes.set(secretName, known);
    return known;
  };

  class VaultKey extends ExternalSigningKey {
    override kid = azure.key.kid;
    override alg = "RS256";
    override keyObject(): KeyObject {
      return createPublicKey({ key: { kty: "RSA", n: azure.key.n, e: azure.key.e }, format: "jwk" });
    }
    override sign(data: Uint8Array): Promise<Uint8Array> {
      return azure.key.sign(createHash("sha256").update(data).digest());
    }
  }

  class TableAdapter {
    readonly #model: string;
    constructor(model: string) {
      this.#model = model;
    }
    async find(id: string): Promise<object | undefined> {
      if (this.#model !== "Client") throw new Error(`The bench has no ${this.#model}.`);
      const row = await azure.row(id);
      if (row?.status !== "active") return undefined;
      return clientMetadata(id, await hashOf(row.secretName), row.scopes);
    }
  }

  const configuration = providerConfiguration({ keys: [new VaultKey()] });
  const provider = new Provider(process.env.TOKEN_ISSUER ?? "", { ...configuration, adapter: TableAdapter });
  // The stored secret is the hash, so the presented one is hashed before the provider compares.
  const compare = provider.Client.prototype.compareClientSecret;
  provider.Client.prototype.compareClientSecret = function (this: { clientId: string }, presented: string) {
    return compare.call(this, hashClientSecret(this.clientId, presented));
  };
  return serve(provider.callback());
}
