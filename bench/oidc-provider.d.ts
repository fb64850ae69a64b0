/** The part of oidc-provider that the bench uses; the package has no types. */
declare module "oidc-provider" {
  import type { KeyObject } from "node:crypto";
  import type { RequestListener } from "node:http";

  export class Provider {
    constructor(issuer: string, configuration: object);
    // biome-ignore lint/style/useNamingConvention: the package has this name.
    readonly Client: { prototype: { compareClientSecret(presented: string): boolean } };
    callback(): RequestListener;
  }

  export abstract class ExternalSigningKey {
    kid: string;
    alg: string;
    keyObject(): KeyObject;
    sign(data: Uint8Array): Promise<Uint8Array>;
  }
}
