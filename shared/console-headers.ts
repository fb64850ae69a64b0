import type { Config } from "./config.ts";

/** An empty `<style>` element. Griffel makes some and fills them through the CSSOM, which no policy needs to allow (CSP3 §6.7.3.2). */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/**
 * The headers of everything that belongs to the admin page. Its scripts and styles are the built files alone, text never becomes
 * markup (Trusted Types, with no policy allowed), nothing may frame it, and it talks to three addresses: the admin API where it
 * came from, the token endpoint ("Test connection") and the issuer of admin tokens.
 */
export function consoleHeaders({ tokenIssuer, admin }: Config): Record<string, string> {
  const directives = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": `'self' ${EMPTY_STYLE}`,
    "img-src": "'self'",
    "connect-src": `'self' ${tokenIssuer} ${new URL(admin.issuer).origin}`,
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  };
  return {
    "Content-Security-Policy": Object.entries(directives)
      .map((directive) => directive.join(" "))
      .join("; "),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
}
