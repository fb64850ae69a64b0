import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { BROWSER_TIMEOUT_MS, createInPage, openDetails, startBrowserTest } from "./browser.ts";

const { openSignedIn } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

/**
 * Does to the page what the translators of browsers do: each text node outside of `translate="no"` is replaced by two nested `font`
 * elements, also where it appears later. The words stay, so that a test finds them.
 */
const TRANSLATE = `{
  const translateAll = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) found.push(texts.currentNode);
    for (const text of root.nodeType === Node.TEXT_NODE ? [root] : found) {
      const parent = text.parentElement;
      if (!parent || !text.data.trim() || parent.closest("[translate=no], font, script, style, title")) continue;
      const outer = document.createElement("font");
      const inner = outer.appendChild(document.createElement("font"));
      inner.textContent = text.data;
      text.replaceWith(outer);
    }
  };
  new MutationObserver((mutations) => {
    for (const { addedNodes, target, type } of mutations) {
      if (type === "characterData") translateAll(target);
      for (const node of addedNodes) translateAll(node);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}`;

const openTranslated = (): Promise<Page> => openSignedIn({ before: (page) => page.addInitScript(TRANSLATE) });

describe("a page that the browser translates", () => {
  test("shows and takes back faults of a form, and creates a client", browser, async () => {
    const page = await openTranslated();
    await createInPage(page, "Translated", []);
    await page.getByText("Choose at least one scope.").waitFor();
    await page.getByRole("checkbox", { name: "search:read" }).check();
    await expect.poll(() => page.getByText("Choose at least one scope.").count()).toBe(0);
    await page.getByRole("dialog").getByRole("button", { name: "Create Client" }).click();
    await page.getByText("Copy the secret now.").waitFor();
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByText("It works.").waitFor();
    for (const platform of ["Python", "XSOAR", "Sentinel"]) await page.getByRole("tab", { name: platform }).click();
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByText("Copied", { exact: true }).waitFor();
    await page.getByText("Copied", { exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("row", { name: "Translated" }).first().waitFor();
  });

  test("shows a client that was disabled as disabled", browser, async () => {
    const page = await openTranslated();
    await createInPage(page, "Translated and disabled");
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    await openDetails(page, "Translated and disabled");
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Active", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Disable…" }).click();
    await page.getByRole("textbox").last().fill("Translated and disabled");
    await page.getByRole("button", { name: "Disable client", exact: true }).click();
    await page.getByText("is disabled.").waitFor();
    await drawer.getByText("Disabled", { exact: true }).first().waitFor();
    expect(await drawer.getByText("Active", { exact: true }).count()).toBe(0);
    const row = page.getByRole("row", { name: "Translated and disabled" });
    expect(await row.getByText("Active", { exact: true }).count()).toBe(0);
  });

  test("counts and pages as it searches", browser, async () => {
    const page = await openTranslated();
    await createInPage(page, "Translated and searched");
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    for (const text of ["nobody has this name", "searched", "", "nobody"]) {
      await page.getByRole("searchbox").fill(text);
      await page
        .getByText(text.startsWith("nobody") ? "No client matches" : "Translated and searched")
        .first()
        .waitFor();
    }
  });

  test("offers to reload after something else broke the page", browser, async () => {
    const page = await openSignedIn({ mayBreakPolicy: true });
    await page.getByRole("row").nth(1).waitFor();
    await page.evaluate(`{
      const { removeChild } = Node.prototype;
      Node.prototype.removeChild = () => {
        Node.prototype.removeChild = removeChild;
        throw new Error("an extension");
      };
    }`);
    await page.getByRole("searchbox").fill("nobody has this name");
    await page.getByRole("heading", { name: "This page has stopped working" }).waitFor();
    await page.getByRole("button", { name: "Reload the page" }).click();
    await page.getByRole("heading", { level: 1, name: "API Clients" }).waitFor();
  });

  test("has ids and scopes that no translator touches", browser, async () => {
    const page = await openTranslated();
    await createInPage(page, "Untouched", ["search:read"]);
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    await openDetails(page, "Untouched");
    const translated = await page.evaluate<string[]>(
      "[...document.querySelectorAll('font font')].map((font) => font.textContent)",
    );
    expect(translated.length).toBeGreaterThan(10);
    expect(translated.filter((text) => /socmate[-_]|search:read|Untouched/u.test(text))).toEqual([]);
  });
});
