import { signingKeyClient } from "../../local/signing-keys.ts";
import { SIGNING_KEY_NAME, type Stack } from "../../local/stack.ts";

/** Signs any header and payload as a JWT with the signing key of a stack, for tokens that the service would never issue. */
export async function signInVault(
  { settings, identity, certificate }: Stack,
  header: object,
  payload: object,
): Promise<string> {
  const keys = signingKeyClient(settings.SIGNING_VAULT_URLS, identity, certificate);
  const [head, body] = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const data = Buffer.from(`${head}.${body}`);
  const { result } = await keys.getCryptographyClient(SIGNING_KEY_NAME).signData("RS256", data);
  return `${data}.${Buffer.from(result).toString("base64url")}`;
}
