import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { BROWSER_TIMEOUT_MS, createInPage, shownCredentials, startBrowserTest } from "./browser.ts";

const { openSignedIn, pageUrl, service } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

/** Where a browser keeps things, and what it shows to those who listen, as text. */
async function everythingKept(page: Page): Promise<string> {
  const kept = await page.evaluate(`(async () => JSON.stringify({
    document: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll("input, textarea")].map((field) => field.value),
    url: location.href,
    history: history.state,
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    cookies: document.cookie,
    requests: performance.getEntries().map(({ name }) => name),
    title: document.title,
  }))()`);
  const devtools = await page.context().newCDPSession(page);
  const tree = await devtools.send("Accessibility.getFullAXTree");
  const { entries } = await devtools.send("Page.getNavigationHistory");
  return JSON.stringify({ kept, tree, entries, state: await page.context().storageState({ indexedDB: true }) });
}

async function openSecret(): Promise<{ page: Page; clientSecret: string }> {
  const page = await openSignedIn();
  await createInPage(page, "Secret keeper");
  await page.getByText("Copy the secret now.").waitFor();
  const { clientSecret } = await shownCredentials(page);
  return { page, clientSecret };
}

describe("a client's secret", () => {
  test(
    "is in no storage, address, history or tree of elements once its dialog is closed [check 57]",
    browser,
    async () => {
      const { page, clientSecret } = await openSecret();
      // The search finds it where it is, so that finding nothing later means something.
      expect(await everythingKept(page)).toContain(clientSecret);
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("It works.").waitFor();
      await page.getByRole("button", { name: "Done" }).click();
      await page.getByRole("button", { name: "Close without copying" }).click();
      await page.getByRole("row", { name: "Secret keeper" }).first().waitFor();
      expect(await everythingKept(page)).not.toContain(clientSecret);
      expect(service.lines.join("\n")).not.toContain(clientSecret);
    },
  );

  test("is kept nowhere else while it is in sight [check 57]", browser, async () => {
    const { page, clientSecret } = await openSecret();
    const { origins, cookies } = await page.context().storageState({ indexedDB: true });
    expect(
      JSON.stringify([origins, cookies, page.url(), await page.evaluate("({ ...sessionStorage })")]),
    ).not.toContain(clientSecret);
    expect(
      await page.evaluate("[...document.querySelectorAll('input, textarea')].map((field) => field.value).join()"),
    ).not.toContain(clientSecret);
  });

  test("is gone after a reload, about which the browser asks first [check 57]", browser, async () => {
    const { page, clientSecret } = await openSecret();
    const asked = page.waitForEvent("dialog");
    const reloaded = page.reload();
    const question = await asked;
    expect(question.type()).toBe("beforeunload");
    await question.accept();
    await reloaded;
    await page.getByRole("row", { name: "Secret keeper" }).first().waitFor();
    expect(await everythingKept(page)).not.toContain(clientSecret);
  });

  test("is gone when one comes back to the page [check 57]", browser, async () => {
    const { page, clientSecret } = await openSecret();
    page.on("dialog", (question) => void question.accept());
    await page.goto("about:blank");
    await page.goBack();
    await page.getByRole("row", { name: "Secret keeper" }).first().waitFor();
    expect(await everythingKept(page)).not.toContain(clientSecret);
  });

  test("is gone after the Back button within the page [check 57]", browser, async () => {
    const { page } = await openSecret();
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Secret keeper" }).first().click();
    await page.getByRole("button", { name: "Regenerate secret…" }).click();
    await page.getByRole("textbox").fill("Secret keeper");
    await page.getByRole("button", { name: "Regenerate secret", exact: true }).click();
    await page.getByText("Copy the secret now.").waitFor();
    const { clientSecret } = await shownCredentials(page);
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByText("Copied", { exact: true }).waitFor();
    await page.goBack();
    await expect.poll(() => page.getByText("Copy the secret now.").count()).toBe(0);
    expect(await everythingKept(page)).not.toContain(clientSecret);
    // Back left the dialog alone: the details that it was opened from are still there.
    await page.getByRole("button", { name: "Regenerate secret…" }).waitFor();
  });

  test("stays after the Back button, which asks as Done does, however often", browser, async () => {
    const { page, clientSecret } = await openSecret();
    for (let count = 0; count < 3; count++) {
      await page.goBack();
      await page.getByText("You have not copied the secret.").waitFor();
      expect((await shownCredentials(page)).clientSecret).toBe(clientSecret);
    }
    await page.getByRole("button", { name: "Close without copying" }).click();
    await page.getByRole("row", { name: "Secret keeper" }).first().waitFor();
    expect(await everythingKept(page)).not.toContain(clientSecret);
    expect(page.url()).toBe(pageUrl);
  });

  test("stays after a double click on Done and after Escape, until it is copied", browser, async () => {
    const { page, clientSecret } = await openSecret();
    await page.getByRole("button", { name: "Done" }).dblclick();
    for (let count = 0; count < 3; count++) await page.keyboard.press("Escape");
    await page.getByText("You have not copied the secret.").waitFor();
    expect((await shownCredentials(page)).clientSecret).toBe(clientSecret);
    await page.getByRole("button", { name: "Copy client secret" }).last().press("Enter");
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Done");
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(clientSecret);
    await page.keyboard.press("Enter");
    await page.getByRole("row", { name: "Secret keeper" }).first().waitFor();
  });

  test("has Copy under the finger of somebody who presses Enter on Done twice", browser, async () => {
    const { page, clientSecret } = await openSecret();
    await page.getByRole("button", { name: "Done" }).press("Enter");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Done");
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(clientSecret);
  });

  test("is shown although the browser forbids the storage in which the draft is", browser, async () => {
    const page = await openSignedIn();
    await page.evaluate("Storage.prototype.setItem = Storage.prototype.removeItem = () => { throw new Error('no'); }");
    await createInPage(page, "Without storage");
    await page.getByText("Copy the secret now.").waitFor();
    await shownCredentials(page);
  });

  test("is in no second tab, not even in a copy of its own [check 57]", browser, async () => {
    const { page, clientSecret } = await openSecret();
    const opened = page.context().waitForEvent("page");
    // A tab that a page opens gets a copy of its session storage.
    await page.evaluate(`void open(${JSON.stringify(pageUrl)})`);
    const second = await opened;
    await second.getByRole("row", { name: "Secret keeper" }).first().waitFor();
    expect(await everythingKept(second)).not.toContain(clientSecret);
  });

  test("is taken neither for a search nor for a draft, where it would be kept and sent", browser, async () => {
    const { page, clientSecret } = await openSecret();
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("searchbox").fill(clientSecret);
    await page.getByText("This looks like a client secret.").waitFor();
    expect(page.url()).toBe(pageUrl);

    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    await page.getByRole("textbox", { name: "Description" }).fill(`key: ${clientSecret}`);
    expect(await page.evaluate("JSON.stringify({ ...sessionStorage })")).not.toContain(clientSecret);
    expect(service.lines.join("\n")).not.toContain(clientSecret);
  });
});
