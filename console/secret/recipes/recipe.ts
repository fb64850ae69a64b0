/** What an integration needs to get tokens. */
export interface Connection {
  clientId: string;
  clientSecret: string;
  tokenEndpoint: string;
  /** `https://api.<host>`, where the tokens are good for. */
  apiUrl: string;
}

/** How to give one platform its connection. */
export interface Recipe {
  platform: string;
  steps: readonly Step[];
}

/** Something to do, and the fields to fill in or the code to paste for it. */
export interface Step {
  text: string;
  fields?: readonly (readonly [name: string, value: string])[];
  code?: { name: string; text: string };
}
