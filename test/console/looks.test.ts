import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { BROWSER_TIMEOUT_MS, createInPage, startBrowserTest } from "./browser.ts";

const { openPage, openSignedIn, createClient } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };
const { clientId } = await createClient({ name: "Looked at", scopes: ["search:read"] });

const backgroundOf = (page: Page, selector: string) =>
  page.evaluate<string>(`getComputedStyle(document.querySelector("${selector}")).backgroundColor`);
/** The brightest of red, green and blue of a name in the list. */
const brightnessOfText = (page: Page) =>
  page.evaluate<number>(
    `Math.max(...getComputedStyle(document.querySelector("[role=cell] bdi")).color.match(/\\d+/g).map(Number))`,
  );

/** The columns of the list that have a header in sight. */
const headersInSight = (page: Page) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll("[role=columnheader]")].filter((cell) => cell.offsetWidth > 1 && cell.offsetParent.offsetWidth > 1)
      .map((cell) => cell.textContent)`,
  );

describe("the list", () => {
  test.for([
    [1280, ["Name", "Client ID", "Status", "Scopes", "Created", "Last used"]],
    [1000, ["Name", "Status", "Scopes", "Last used"]],
    [600, ["Name", "Status", "Scopes", "Last used"]],
    [360, []],
  ] as const)("has at a width of %i pixels the columns that fit", browser, async ([width, columns]) => {
    const page = await openSignedIn({ context: { viewport: { width, height: 800 } } });
    const row = page.getByRole("row", { name: clientId });
    await row.waitFor();
    expect(await headersInSight(page)).toEqual(columns);
    for (const text of ["Looked at", clientId, "Active", "search:read", "just now", "Never used"]) {
      await row.getByText(text, { exact: true }).waitFor();
    }
    expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
  });

  test("is printed with its rows in dark on light, and without buttons", browser, async () => {
    const page = await openSignedIn({ context: { colorScheme: "dark" } });
    const name = page.getByRole("row", { name: clientId }).getByText("Looked at");
    const brightness = () => brightnessOfText(page);
    await name.waitFor();
    const onScreen = await brightness();
    await page.emulateMedia({ media: "print" });
    await expect.poll(brightness).toBeLessThan(onScreen);
    for (const role of ["banner", "search", "navigation"] as const) {
      expect(await page.getByRole(role).getByRole("button").count(), role).toBe(0);
    }
    expect(await page.locator(".fui-Button").filter({ visible: true }).count()).toBe(0);
    await name.waitFor();
  });
});

test.for(["light", "dark"] as const)(
  "a page whose script has not come yet has its bar and background, in %s",
  browser,
  async (colorScheme) => {
    const page = await openPage({
      context: { colorScheme },
      before: (opened) => opened.route("**/assets/*.js", (route) => route.abort()),
    });
    const bar = await backgroundOf(page, ".frame");
    const background = await backgroundOf(page, "body");
    await page.unroute("**/assets/*.js");
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.locator(".frame").count()).toBe(0);
    expect(bar).toBe(await backgroundOf(page, "header"));
    expect(background).toBe(await backgroundOf(page, "main"));
  },
);

test(
  "the dialog with the secret leaves room around it, and the question in it is as wide as the rest",
  browser,
  async () => {
    const page = await openSignedIn({ context: { viewport: { width: 1280, height: 800 } } });
    await createInPage(page, "Roomy");
    const dialog = page.getByRole("alertdialog");
    await dialog.getByText("Copy the secret now.").waitFor();
    const box = await dialog.boundingBox();
    expect(box?.y).toBeGreaterThanOrEqual(24);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(776);
    await page.keyboard.press("Escape");
    const width = async (text: string) =>
      (await dialog.locator(".fui-MessageBar").filter({ hasText: text }).boundingBox())?.width;
    expect(await width("You have not copied the secret.")).toBe(await width("Copy the secret now."));
  },
);

test("a phone shows who is signed in", browser, async () => {
  const page = await openSignedIn({ context: { viewport: { width: 360, height: 740 } } });
  const account = page.getByText("Local Administrator");
  const [shown, needed] = await account.evaluate(({ clientWidth, scrollWidth }) => [clientWidth, scrollWidth]);
  expect(shown).toBe(needed);
});

test("a description is entered in one line, and counted", browser, async () => {
  const page = await openSignedIn();
  await page.getByRole("button", { name: "Create Client", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const description = dialog.getByRole("textbox", { name: "Description" });
  await description.fill("from a ticket\r\n\nwith\u2028lines");
  expect(await description.inputValue()).toBe("from a ticket with lines");
  await dialog.getByText("24 of 500 characters").waitFor();
  await description.press("Enter");
  await dialog.getByText("Must not be empty.").waitFor();
  expect(await description.inputValue()).toBe("from a ticket with lines");
});
