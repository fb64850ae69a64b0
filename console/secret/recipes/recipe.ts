/** The values with which an integration gets tokens. */
export interface Connection {
  clientId: string;
  clientSecret: string;
  tokenEndpoint: string;
  /** The API that takes the tokens: `https://api.<host>`. */
  apiUrl: string;
}

/** Instructions for one platform. */
export interface Recipe {
  platform: string;
  steps: readonly Step[];
}

/** One instruction, with the fields to fill in or the code to paste. */
export interface Step {
  text: string;
  fields?: readonly (readonly [name: string, value: string])[];
  code?: { name: string; text: string };
}
