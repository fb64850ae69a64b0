const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Encodes a JWT in compact form (RFC 7515 §7.1) with exactly this header and payload. `sign` signs the signing input. */
export function encodeJwt(header: object, payload: object, sign: (input: string) => Buffer): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${sign(input).toString("base64url")}`;
}
