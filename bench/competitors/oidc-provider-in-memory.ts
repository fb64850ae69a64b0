import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";
import { SCOPES } from "../../shared/model/scopes.ts";
import { clientMetadata, providerConfiguration } from "../oidc-configuration.ts";
import { serve } from "../serve.ts";

/** Starts node-oidc-provider with its client and its key in memory. */
export async function start(): Promise<string> {
  const { BENCH_CLIENT_ID = "", BENCH_CLIENT_SECRET = "", TOKEN_ISSUER = "" } = process.env;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig" };
  const client = clientMetadata(BENCH_CLIENT_ID, BENCH_CLIENT_SECRET, SCOPES.join(" "));
  return serve(new Provider(TOKEN_ISSUER, providerConfiguration({ keys: [key] }, [client])).callback());
}
