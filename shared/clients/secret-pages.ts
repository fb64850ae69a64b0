import { AsyncLocalStorage } from "node:async_hooks";
import type { SecretClient, SecretClientOptions, SecretProperties } from "@azure/keyvault-secrets";
import * as z from "zod";

/** A vault secret as a list shows it: without its value. */
export interface ListedSecret {
  name: string;
  /** What the tag `client_id` says, if there is one. */
  clientId: string | undefined;
  enabled: boolean;
  /** `undefined` if the vault does not tell. */
  createdAt: Date | undefined;
}

/** A page of a vault's list of secrets. */
export interface SecretPage {
  secrets: ListedSecret[];
  /** Where the next page starts; `undefined` after the last. */
  next: string | undefined;
}

/** Reads the page at a position, or the first page. */
export type ReadSecretPage = (position: string | undefined, abortSignal: AbortSignal) => Promise<SecretPage>;

type AdditionalPolicy = NonNullable<SecretClientOptions["additionalPolicies"]>[number];

const pageBeingRead = new AsyncLocalStorage<{ next?: string | undefined }>();
const listSchema = z.object({ nextLink: z.string().nullish() });

/**
 * Notes where a page ends. The SDK knows it, but the pages of its `SecretClient` have lost their continuation token, and a list
 * that cannot be continued starts over at every fault.
 */
export const nextLinkPolicy: AdditionalPolicy = {
  position: "perCall",
  policy: {
    name: "nextLinkPolicy",
    async sendRequest(request, send) {
      const response = await send(request);
      const page = pageBeingRead.getStore();
      if (page && response.status === 200) {
        page.next = listSchema.parse(JSON.parse(response.bodyAsText ?? "")).nextLink ?? undefined;
      }
      return response;
    },
  },
};

/** Makes the reader of a vault whose client has the {@link nextLinkPolicy}. */
export function createSecretPageReader(vault: Pick<SecretClient, "listPropertiesOfSecrets">): ReadSecretPage {
  return (position, abortSignal) => {
    const page: { next?: string | undefined } = {};
    return pageBeingRead.run(page, async () => {
      const pages = vault
        .listPropertiesOfSecrets({ abortSignal })
        .byPage(position === undefined ? {} : { continuationToken: position });
      const { value: secrets = [] } = await pages.next();
      if (!("next" in page)) throw new Error("The client lacks the nextLinkPolicy.");
      return { secrets: secrets.map(toListed), next: page.next };
    });
  };
}

/** Converts what the SDK lists. */
export function toListed({ name, tags, enabled = false, createdOn }: SecretProperties): ListedSecret {
  return { name, clientId: tags?.client_id, enabled, createdAt: createdOn };
}
