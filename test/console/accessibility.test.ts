import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { accessibilityFaults, BROWSER_TIMEOUT_MS, createInPage, startBrowserTest } from "./browser.ts";

const { openPage, openSignedIn, createClient, admin } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: 2 * BROWSER_TIMEOUT_MS };

const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["the width of a phone", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
];

/** What axe-core and the width of the page say of a state. */
async function faultsOf(page: Page, state: string): Promise<string[]> {
  const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  const faults = await accessibilityFaults(page);
  if (overflow !== 0) faults.push(`the page is ${overflow} pixels too wide`);
  return faults.map((fault) => `${state}: ${fault}`);
}

describe.for(LOOKS)("in %s", ([, look]) => {
  test("the page before and without clients has no fault that axe-core finds", browser, async () => {
    const faults: string[] = [];
    const { promise: seenLoading, resolve: answer } = Promise.withResolvers<void>();
    const page = await openPage({
      context: look,
      before: (opened) =>
        opened.route("**/api/admin/api-clients?*", async (route) => {
          await seenLoading;
          await route.fulfill({ json: { clients: [], total: 0 } });
        }),
    });
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    faults.push(...(await faultsOf(page, "welcome")));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Loading clients…").waitFor();
    faults.push(...(await faultsOf(page, "loading")));
    answer();
    await page.getByText("No API clients yet").waitFor();
    faults.push(...(await faultsOf(page, "no clients")));
    await page.route("**/api/admin/api-clients?*", (route) => route.abort());
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("SoCMate cannot be reached").waitFor();
    faults.push(...(await faultsOf(page, "no answer")));
    expect(faults).toEqual([]);
  });

  test("the list and every dialog have no fault that axe-core finds", browser, async () => {
    const faults: string[] = [];
    const page = await openSignedIn({ context: look });
    const look2 = async (state: string) => void faults.push(...(await faultsOf(page, state)));
    await page.getByRole("row").nth(1).waitFor();
    await look2("list");
    await page.getByRole("searchbox").fill("nothing like this");
    await page.getByText("No client matches").waitFor();
    await look2("no match");
    await page.getByRole("button", { name: "Show all clients" }).click();

    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Create Client" }).click();
    await page.getByText("Must not be empty.").waitFor();
    await look2("form with faults");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);

    await createInPage(page, "Looked at");
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByText("It works.").waitFor();
    await look2("secret");
    for (const platform of ["Python", "C#", "Java", "XSOAR", "Splunk SOAR", "Sentinel", "Shuffle"]) {
      await page.getByRole("tab", { name: platform }).click();
      await look2(`recipe for ${platform}`);
    }
    await page.keyboard.press("Escape");
    await page.getByText("You have not copied the secret.").waitFor();
    await look2("asking before the secret is gone");
    await page.getByRole("button", { name: "Close without copying" }).click();

    await page.getByRole("button", { name: "Looked at" }).first().click();
    await page.getByRole("heading", { name: "Set up the integration" }).waitFor();
    await look2("details");
    for (const what of ["Regenerate secret…", "Disable…"]) {
      await page.getByRole("button", { name: what }).click();
      await page.getByRole("alertdialog").waitFor();
      await look2(what);
      await page.getByRole("alertdialog").getByRole("textbox").fill("Looked at");
      await look2(`${what} with the name typed`);
      await page.keyboard.press("Escape");
      await expect.poll(() => page.getByRole("alertdialog").count()).toBe(0);
    }

    await page.route("**/api/admin/api-clients/**", (route) => route.fulfill({ status: 401 }));
    await page.reload();
    await page.getByText("What you have entered is kept.").waitFor();
    await look2("session ended");
    expect(faults).toEqual([]);
  });

  beforeAll(async () => {
    const { clientId } = await createClient({ name: "Disabled one", description: "not needed any more" });
    await admin("DELETE", `/${clientId}`);
    await createClient({
      name: "A name that goes on and on, as far as a name of a client may go, to see what that does to it",
    });
  });
});

test("a dialog keeps the focus, and gives it back", browser, async () => {
  const page = await openSignedIn();
  await page.getByRole("button", { name: "Create Client", exact: true }).click();
  await expect.poll(() => page.evaluate("document.activeElement.name")).toBe("name");
  for (let presses = 0; presses < 25; presses++) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.closest('[role=dialog]') !== null")).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Create Client");
});
