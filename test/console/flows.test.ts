import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { connectRawAzure } from "../../bench/raw-azure.ts";
import { needs } from "../debian.ts";
import {
  BROWSER_TIMEOUT_MS,
  createInPage,
  expectNoButton,
  openDetails,
  shownCredentials,
  startBrowserTest,
} from "./browser.ts";

const { openSignedIn, createClient, requestToken, admin, stack } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

const dialogOf = (page: Page) => page.getByRole("alertdialog");

async function statusOfToken(clientId: string, clientSecret: string): Promise<number> {
  return (await requestToken({ clientId, clientSecret })).status;
}

describe("an administrator with a mouse", () => {
  test(
    "creates a client, copies its secret, tests it, and finds the client in the list [check 56]",
    browser,
    async () => {
      const page = await openSignedIn();
      await createInPage(page, "XSOAR Production", ["investigations:read", "incidents:read"]);
      await dialogOf(page).getByText("It is shown only this once").waitFor();
      const { clientId, clientSecret } = await shownCredentials(page);
      expect(clientId).toMatch(/^socmate-xsoar-production-[a-z0-9]{6}$/);

      await page.getByRole("button", { name: "Copy client secret" }).first().click();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(clientSecret);
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("Got a token for 30 minutes with investigations:read, incidents:read.").waitFor();
      await page.getByRole("button", { name: "Done" }).click();

      const row = page.getByRole("row", { name: clientId });
      await expect.poll(() => row.textContent()).toContain("XSOAR Production");
      expect(await row.textContent()).toContain("Active");
      expect(await statusOfToken(clientId, clientSecret)).toBe(200);
    },
  );

  test("sees every fault of the form at its field, at once [check 56]", browser, async () => {
    const page = await openSignedIn();
    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Description" }).fill("x".repeat(501));
    await dialog.getByRole("button", { name: "Create Client" }).click();
    await dialog.getByText("Must not be empty.").waitFor();
    await dialog.getByText("Must be at most 500 characters long.").waitFor();
    await dialog.getByText("Choose at least one scope.").waitFor();
    expect(await page.evaluate("document.activeElement.name")).toBe("name");
    await dialog.getByRole("textbox", { name: "Name" }).fill("now it has one");
    await expect.poll(() => dialog.getByText("Must not be empty.").count()).toBe(0);
  });

  test("is led to a client that they created while a search hides it", browser, async () => {
    const page = await openSignedIn();
    await page.getByRole("searchbox").fill("nothing like this");
    await page.getByText("No client matches").waitFor();
    await createInPage(page, "Created aside");
    const { clientId } = await shownCredentials(page);
    await page.getByRole("button", { name: "Copy client secret" }).first().click();
    await page.getByRole("button", { name: "Done" }).click();
    await page
      .getByRole("status")
      .filter({ hasText: `Created aside (${clientId}) is created.` })
      .waitFor();
    await page.getByRole("button", { name: "Show client" }).click();
    await page.getByRole("dialog").getByRole("heading", { name: "Created aside" }).waitFor();
  });

  test("regenerates a secret after typing the name, and the old one is dead [check 56]", browser, async () => {
    const { clientId, clientSecret } = await createClient({ name: "Splunk SOAR" });
    const page = await openSignedIn();
    await openDetails(page, "Splunk SOAR");
    await page.getByRole("button", { name: "Regenerate secret…" }).click();
    await dialogOf(page).getByText("The current secret stops working at once.").waitFor();
    const confirm = dialogOf(page).getByRole("button", { name: "Regenerate secret" });
    await dialogOf(page).getByRole("textbox").fill("Splunk SOA");
    expect(await confirm.getAttribute("aria-disabled")).toBe("true");
    await dialogOf(page).getByRole("textbox").fill("Splunk SOAR");
    await confirm.click();

    await dialogOf(page).getByText("Copy the secret now.").waitFor();
    const renewed = await shownCredentials(page);
    expect(renewed.clientId).toBe(clientId);
    expect(await statusOfToken(clientId, clientSecret)).toBe(401);
    expect(await statusOfToken(clientId, renewed.clientSecret)).toBe(200);
  });

  test("disables a client after typing the name, for good [check 56]", browser, async () => {
    const { clientId, clientSecret } = await createClient({ name: "Old integration" });
    const page = await openSignedIn();
    await openDetails(page, "Old integration");
    await page.getByRole("button", { name: "Disable…" }).click();
    await dialogOf(page).getByText("This is final.").waitFor();
    await dialogOf(page).getByText(clientId, { exact: true }).waitFor();
    await dialogOf(page).getByRole("textbox").fill("Old integration");
    await dialogOf(page).getByRole("button", { name: "Disable client" }).click();

    await expectNoButton(page, "Disable…");
    expect(await statusOfToken(clientId, clientSecret)).toBe(401);
    await page.getByRole("button", { name: "Close" }).click();
    const news = page.getByRole("status").filter({ hasText: `Old integration (${clientId}) is disabled.` });
    await news.waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => news.count()).toBe(0);
    await expect.poll(() => page.getByRole("row", { name: clientId }).textContent()).toContain("Disabled");
  });

  test(
    "finds and disables a client by the name that the page shows, whatever is stored [check 56]",
    browser,
    async () => {
      const azure = await connectRawAzure(stack.settings);
      // As an earlier release stored names, and as another program may have.
      const names = [
        "Twin  Space Production",
        "Pair\u00a0\u00a0of\u3000Spaces",
        "مراقبة  می\u200cخواهم",
        "Safe\u202etxt",
      ];
      const page = await openSignedIn();
      for (const [index, name] of names.entries()) {
        const clientId = `socmate-stored-${index}`;
        await azure.insertRow({
          PartitionKey: clientId,
          RowKey: "client",
          id: index.toString(16).padStart(24, "f"),
          name,
          description: "",
          status: "active",
          scopes: "search:read",
          created_by: "admin-user-id",
          created_at: "2026-03-27T00:00:00Z",
          secretName: `client-secret-${"0".repeat(31)}${index}`,
        });
        await page.getByRole("searchbox").fill(clientId);
        const row = page.getByRole("row", { name: clientId });
        const shown = await row.getByRole("button").first().innerText();
        await page.getByRole("searchbox").fill(shown);
        await page.getByText("1 client", { exact: true }).waitFor();
        await row.getByRole("button").first().click();
        await page.getByRole("button", { name: "Disable…" }).click();
        await dialogOf(page).getByRole("textbox").fill(shown);
        await dialogOf(page).getByRole("button", { name: "Disable client" }).click();
        await expectNoButton(page, "Disable…");
        await page.getByRole("button", { name: "Close" }).click();
        await expect.poll(() => row.textContent(), { message: name }).toContain("Disabled");
      }
    },
  );

  test("finds clients by what they type, by status, and page by page [check 56]", browser, async () => {
    const names = Array.from({ length: 60 }, (_, index) => `Paged ${index}`);
    const clients = await Promise.all(names.map((name) => createClient({ name, description: "one of sixty" })));
    await admin("DELETE", `/${clients[0]?.clientId}`);
    const page = await openSignedIn();

    await page.getByRole("searchbox").fill("ONE OF SIXTY");
    await page.getByText("1–50 of 60 clients").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("51–60 of 60 clients").waitFor();
    expect(await page.evaluate("scrollY")).toBe(0);
    await page.reload();
    await page.getByText("51–60 of 60 clients").waitFor();

    await page.getByRole("combobox", { name: "Status" }).selectOption("Disabled");
    await page.getByText("1 client", { exact: true }).waitFor();
    await page.goBack();
    await page.getByText("51–60 of 60 clients").waitFor();

    await page.getByRole("searchbox").fill("%' or 1 eq 1");
    await page.getByText("No client matches").waitFor();
    await page.getByRole("button", { name: "Show all clients" }).click();
    await page.getByText(/^1–50 of /).waitFor();
  });

  test("is told of clients that nobody uses, and of exact times in their own zone", browser, async () => {
    await createClient({ name: "Fresh" });
    const page = await openSignedIn({
      context: {},
      before: async (opened) => {
        await opened.clock.install({ time: new Date("2026-08-01T12:00:00Z") });
        await opened.route("**/api/admin/api-clients?*", async (route) => {
          const client = (name: string, lastUsedAt: string | null, createdAt = "2026-03-27T00:00:00Z") => ({
            id: "0".repeat(24),
            client_id: `socmate-${name}-abc123`,
            name,
            description: "",
            status: "active",
            scopes: ["search:read"],
            created_by: "admin-user-id",
            created_at: createdAt,
            last_used_at: lastUsedAt,
          });
          const clients = [
            client("busy", "2026-08-01T09:30:00Z"),
            client("idle", "2026-04-01T00:00:00Z"),
            client("never", null, "2026-07-25T11:59:00Z"),
            client("new", null, "2026-07-25T12:01:00Z"),
          ];
          await route.fulfill({ json: { clients, total: clients.length } });
        });
      },
    });
    const cells = (name: string) => page.getByRole("row", { name }).getByRole("cell");
    await expect.poll(() => cells("socmate-busy").last().textContent()).toBe("Last used2 hours ago");
    expect(await cells("socmate-idle").last().textContent()).toBe("Last usedNot used for 90 days4 months ago");
    const warnings = (name: string) => cells(name).last().locator("svg").count();
    for (const name of ["socmate-never", "socmate-new"]) {
      expect(await cells(name).last().textContent(), name).toBe("Last usedNever used");
    }
    expect([await warnings("socmate-never"), await warnings("socmate-new")]).toEqual([1, 0]);
    const badge = await page
      .getByText("Not used for 90 days")
      .evaluate(({ scrollHeight, clientHeight }) => [scrollHeight, clientHeight]);
    expect(badge[0]).toBe(badge[1]);
    await page.getByText("2 hours ago").hover();
    await page.getByText("Aug 1, 2026, 11:30:00 AM GMT+2").waitFor();
  });
});

describe("an administrator with a keyboard alone", () => {
  /** Moves on with the Tab key to the control with this name. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(
        "[document.activeElement.ariaLabel, document.activeElement.textContent, document.activeElement.name, document.activeElement.value]",
      );
      if (Array.isArray(focused) && focused.includes(name)) return;
    }
    throw new Error(`The Tab key does not lead to "${name}".`);
  }

  test(
    "creates, copies, searches, regenerates and disables, with the focus where it is expected [check 56]",
    browser,
    async () => {
      const page = await openSignedIn();
      await tabTo(page, "Create Client");
      await page.keyboard.press("Enter");
      const focus = () =>
        page.evaluate(
          "document.activeElement.name || document.activeElement.ariaLabel || document.activeElement.textContent",
        );
      await expect.poll(focus).toBe("name");
      await page.keyboard.type("Keyboard");
      await tabTo(page, "scopes");
      await page.keyboard.press("Space");
      await page.keyboard.press("Enter");

      await expect.poll(focus).toBe("Copy client secret");
      await page.keyboard.press("Enter");
      const { clientId, clientSecret } = await shownCredentials(page);
      await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toBe(clientSecret);
      await page.keyboard.press("Escape");
      await expect.poll(() => dialogOf(page).count()).toBe(0);
      await expect.poll(focus).toBe("Create Client");

      await tabTo(page, "Search by name, description or client_id");
      await page.keyboard.type("Keyboard");
      await page.getByText("1 client", { exact: true }).waitFor();
      await tabTo(page, "Keyboard");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Set up the integration" }).waitFor();

      await tabTo(page, "Regenerate secret…");
      await page.keyboard.press("Enter");
      await page.keyboard.type("Keyboard");
      await page.keyboard.press("Enter");
      await dialogOf(page).getByText("Copy the secret now.").waitFor();
      expect(await statusOfToken(clientId, clientSecret)).toBe(401);
      await page.keyboard.press("Escape");
      await dialogOf(page).getByText("You have not copied the secret.").waitFor();
      await page.keyboard.press("Tab");
      await expect.poll(focus).toBe("Close without copying");
      await page.getByRole("button", { name: "Close without copying", disabled: false }).waitFor();
      await page.keyboard.press("Enter");
      await expect.poll(() => dialogOf(page).count()).toBe(0);
      await expect.poll(focus).toBe("Regenerate secret…");

      await tabTo(page, "Disable…");
      await page.keyboard.press("Enter");
      await page.keyboard.type("Keyboard");
      await page.keyboard.press("Enter");
      await expectNoButton(page, "Disable…");
      await page.keyboard.press("Escape");
      await expect.poll(() => page.getByRole("row", { name: clientId }).textContent()).toContain("Disabled");
    },
  );
});
