import { existsSync } from "node:fs";
import type { TestOptions } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    skipReason?: string;
    /** Whether the test may be skipped in CI as well. */
    isOptional?: boolean;
  }
}

/** The Debian packages that tests use, each with a path that it installs; `/usr/bin/python3` imports the last five. */
export const DEBIAN_PATHS = {
  chromium: "/usr/bin/chromium",
  curl: "/usr/bin/curl",
  "python3-authlib": "/usr/lib/python3/dist-packages/authlib",
  "python3-cryptography": "/usr/lib/python3/dist-packages/cryptography",
  "python3-httpx": "/usr/lib/python3/dist-packages/httpx",
  "python3-jwt": "/usr/lib/python3/dist-packages/jwt",
  "python3-requests-oauthlib": "/usr/lib/python3/dist-packages/requests_oauthlib",
} as const;

/** Options for `describe` or `test` that skip it, with the reason, where one of the Debian packages is missing. */
export function needs(...packages: (keyof typeof DEBIAN_PATHS)[]): TestOptions {
  const missing = packages.find((name) => !existsSync(DEBIAN_PATHS[name]));
  return skippedFor(missing && `${missing} is not installed (apt-get install ${missing})`);
}

/** Options for `describe` or `test` that skip it if there is a reason; in CI an optional one alone may be skipped. */
export function skippedFor(skipReason: string | undefined, isOptional = false): TestOptions {
  return skipReason === undefined ? {} : { skip: true, meta: { skipReason, isOptional } };
}
