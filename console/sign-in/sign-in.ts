/** The administrator, as the page shows them. */
export interface Account {
  name: string;
}

/** The sign-in of administrators, which gives the page its admin tokens. */
export interface SignIn {
  /**
   * The administrator who is signed in already, or who comes back from the issuer just now. Throws an `ApiError` of the kind
   * `sign-in-refused` with the words of an issuer that refused.
   */
  resume(): Promise<Account | undefined>;
  /** Signs in. Leaves the page and never settles where the issuer has pages of its own. */
  start(): Promise<Account>;
  /**
   * An admin token that is still valid; a fresh one has the roles of this moment. Throws {@link SessionEnded} if only a new sign-in
   * can bring one, or an `ApiError`.
   */
  token(options: { fresh: boolean }): Promise<string>;
  /** Signs out. May leave the page. */
  end(): Promise<void>;
}

/** The session has ended. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";
}
