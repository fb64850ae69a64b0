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
