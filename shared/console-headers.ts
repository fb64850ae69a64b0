import type { Config } from "./config.ts";

/** The hash of an empty `<style>` element. Griffel fills such elements through the CSSOM, which CSP does not restrict (CSP3 §6.7.3.2). */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/**
 * Returns the security headers of the admin page and its files. Scripts and styles are the built files alone, text cannot become markup
 * (Trusted Types without a policy), and no page may frame it. The page connects to three origins: its own for the admin API, that of the
 * token endpoint ("Test connection"), and the issuer of admin tokens.
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
  };
}
