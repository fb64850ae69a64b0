const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT in compact form (RFC 7519) of exactly this header and payload; `sign` gets the signing input. */
export function encodeJwt(header: object, payload: object, sign: (input: string) => Buffer): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${sign(input).toString("base64url")}`;
}
