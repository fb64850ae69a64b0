/** Tells whether the host of a URL is this machine. Only there are http and an emulated Key Vault accepted. */
export function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
