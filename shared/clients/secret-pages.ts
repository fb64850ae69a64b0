/** A vault secret in a list, without its value. */
export interface ListedSecret {
  name: string;
  /** The tag `client_id`, if there is one. */
  clientId: string | undefined;
  enabled: boolean;
  /** `undefined` if the vault does not state it. */
  createdAt: Date | undefined;
  /** `undefined` if it has no expiry date. */
  expiresAt: Date | undefined;
}

/** A page of a vault's list of secrets. */
export interface SecretPage {
  secrets: ListedSecret[];
  /** The position of the next page; `undefined` after the last. */
  next: string | undefined;
}

/** Reads the page at a position, or the first page. Throws a `RangeError` for what is no position in the list of this vault. */
export type ReadSecretPage = (position: string | undefined, abortSignal: AbortSignal) => Promise<SecretPage>;
