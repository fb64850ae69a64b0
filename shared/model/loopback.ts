/** Whether a URL's host is this machine; only there are http and a self-made Key Vault acceptable. */
export function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
