import { randomUUID } from "node:crypto";
import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import {
  accessibilityFaults,
  BROWSER_TIMEOUT_MS,
  createInPage,
  expectNoButton,
  openDetails,
  type PageOptions,
  shownCredentials,
  startBrowserTest,
} from "./browser.ts";

const { openPage, openSignedIn, createClient, admin, requestToken, stack } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

const LIST = "**/api/admin/api-clients?*";
const CREATE = "**/api/admin/api-clients";
const RETRY_AFTER_SECONDS = 20;
const UNAVAILABLE = {
  status: 503,
  headers: { "content-type": "application/problem+json", "retry-after": String(RETRY_AFTER_SECONDS) },
  body: JSON.stringify({ type: "about:blank", title: "Service Unavailable", status: 503, detail: "Try again later." }),
};
/** Presses Escape as soon as there is a dialog, even before it is painted. */
const ESCAPE_AT_FIRST_SIGHT = `new MutationObserver((_, observer) => {
  if (!document.querySelector("[role=dialog]")) return;
  observer.disconnect();
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
}).observe(document, { subtree: true, childList: true });`;
const formOf = (page: Page) => page.getByRole("dialog", { name: "Create API client" });

/** Opens the page with a clock that {@link passTimeUntil} can move. */
function withClock(before: (page: Page) => Promise<unknown>): PageOptions {
  return {
    context: {},
    before: async (page) => {
      await page.clock.install();
      await before(page);
    },
  };
}

/**
 * Moves the page's clock on, by as much as the service asks to wait, until something is in sight. In between it stands still for what
 * the page has asked for: time that went on meanwhile would be up for an answer on its way.
 */
async function passTimeUntil(page: Page, sight: Locator): Promise<void> {
  const inSightNow = async () => {
    await page.clock.fastForward(RETRY_AFTER_SECONDS * 1000);
    return sight.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(inSightNow).toBe(true);
}

describe("while the service cannot answer", () => {
  test("the list says so, and comes by itself after the time in Retry-After", browser, async () => {
    await createClient({ name: "Patience" });
    let refusals = 2;
    const page = await openSignedIn(
      withClock((opened) =>
        opened.route(LIST, (route) => (refusals-- > 0 ? route.fulfill(UNAVAILABLE) : route.continue())),
      ),
    );
    await page.getByText("SoCMate cannot answer right now").waitFor();
    await page.getByText("This tries again by itself.").waitFor();
    expect(refusals).toBe(1);
    await passTimeUntil(page, page.getByRole("row", { name: "Patience" }));
    expect(await page.getByRole("alert").filter({ hasText: "SoCMate" }).count()).toBe(0);
  });

  test(
    "a refusal by Azure is told as one that needs an operator, and nothing tries again by itself",
    browser,
    async () => {
      const detail = "Azure refused: the vault answered 403 ForbiddenByRbac.";
      const refused = {
        status: 503,
        headers: { "content-type": "application/problem+json" },
        body: JSON.stringify({ type: "about:blank", title: "Service Unavailable", status: 503, detail }),
      };
      const page = await openSignedIn();
      await page.route(CREATE, (route) => route.fulfill(refused), { times: 1 });
      await createInPage(page, "Refused");
      await formOf(page).getByText("SoCMate needs an operator").waitFor();
      await formOf(page).getByText(detail).waitFor();
      await page.keyboard.press("Escape");

      let asked = 0;
      await page.route(LIST, (route) => {
        asked++;
        return route.fulfill(refused);
      });
      await page.reload();
      await page.getByText("SoCMate needs an operator").waitFor();
      await page.getByText(detail).waitFor();
      expect(await page.getByText("This tries again by itself.").count()).toBe(0);
      expect(asked).toBe(1);
    },
  );

  test("the form for a new client stays as it is, and says what the service said", browser, async () => {
    const page = await openSignedIn();
    await page.route(CREATE, (route) => route.fulfill(UNAVAILABLE), { times: 1 });
    await createInPage(page, "Second try");
    await formOf(page).getByText("Try again later.").waitFor();
    expect(await formOf(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("Second try");
    await formOf(page).getByRole("button", { name: "Create Client" }).click();
    await shownCredentials(page);
  });

  test("the page itself says so, and starts when the service is back", browser, async () => {
    const page = await openPage(
      withClock((opened) =>
        opened.route("**/console/config.json", (route) => route.fulfill(UNAVAILABLE), { times: 1 }),
      ),
    );
    await page.getByText("SoCMate cannot answer right now").waitFor();
    await passTimeUntil(page, page.getByRole("button", { name: "Sign in" }));
  });
});

describe("when no answer comes", () => {
  test("a change that may have been made is never called failed, and never sent twice", browser, async () => {
    const page = await openSignedIn();
    let sent = 0;
    await page.route(CREATE, async (route) => {
      sent += 1;
      await route.fetch();
      await route.abort("connectionreset");
    });
    await createInPage(page, "Lost reply");
    await formOf(page).getByText("The change may or may not have been made").waitFor();
    await formOf(page).getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("row", { name: "Lost reply" }).waitFor();
    expect(sent).toBe(1);
  });

  test("a list that takes long says so, and still comes", browser, async () => {
    await createClient({ name: "Slow" });
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const page = await openSignedIn(
      withClock((opened) =>
        opened.route(LIST, async (route) => {
          await enough;
          await route.continue();
        }),
      ),
    );
    await page.getByText("Loading clients…").waitFor();
    await passTimeUntil(page, page.getByText("This takes longer than usual."));
    resolve();
    await page.getByRole("row", { name: "Slow" }).waitFor();
  });

  test("an offline browser says so, and goes on when it is online again", browser, async () => {
    await createClient({ name: "Back again" });
    const page = await openSignedIn({ context: {} });
    await page.getByRole("row", { name: "Back again" }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("You are offline").waitFor();
    await page.getByRole("row", { name: "Back again" }).waitFor();
    await page.getByText("Out of date: below is the last list that came.").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.context().setOffline(false);
    await expect.poll(() => page.getByText("You are offline").count()).toBe(0);
    expect(await page.getByText("Out of date").count()).toBe(0);
  });

  test("a connection test says that this proves nothing about the secret", browser, async () => {
    const page = await openSignedIn();
    await createInPage(page, "Cut off");
    await page.route("**/oauth/token", (route) => route.abort());
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByText("No answer reached this page.").waitFor();
    await page.unroute("**/oauth/token");
    const { clientId } = await shownCredentials(page);
    await admin("DELETE", `/${clientId}`);
    const answered = page.waitForResponse("**/oauth/token");
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByText("The token endpoint refused with 401.").waitFor();
    const id = (await answered).headers()["x-request-id"] ?? "none";
    expect(await page.getByText(id).allTextContents()).toEqual([id]);
    await page.getByRole("button", { name: "Copy request id" }).click();
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toBe(id);
  });
});

describe("the id of a request that failed", () => {
  test("stands in the notice, to copy, and changes with the next failure", browser, async () => {
    await createClient({ name: "Listed" });
    const page = await openSignedIn();
    await page.getByRole("row", { name: "Listed" }).waitFor();
    for (const id of [randomUUID(), randomUUID()]) {
      const headers = { ...UNAVAILABLE.headers, "retry-after": "3600", "x-request-id": id };
      await page.route(LIST, (route) => route.fulfill({ ...UNAVAILABLE, headers }), { times: 1 });
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByText(id, { exact: true }).waitFor();
      await page.getByRole("button", { name: "Copy request id" }).click();
      await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toBe(id);
    }
  });

  test("stands in the notice of a real refusal, as the header of its answer has it", browser, async () => {
    const { clientId } = await createClient({ name: "Gone" });
    const page = await openSignedIn();
    await page.route(`**/api/admin/api-clients/${clientId}`, (route) =>
      route.continue({ url: route.request().url().replace(clientId, "socmate-nobody-abc123") }),
    );
    const answered = page.waitForResponse((response) => response.status() === 404);
    await page.getByRole("button", { name: "Gone", exact: true }).click();
    const id = (await answered).headers()["x-request-id"] ?? "none";
    await page.getByRole("dialog").getByText(id, { exact: true }).waitFor();
  });
});

describe("an administrator whose session has ended", () => {
  test("signs in again and finds the form as they left it", browser, async () => {
    const page = await openSignedIn();
    await page.route(
      CREATE,
      (route) => route.continue({ headers: { ...route.request().headers(), authorization: "Bearer a.b.c" } }),
      {
        times: 1,
      },
    );
    await createInPage(page, "Kept", ["graph:read"]);
    await page.getByText("What you have entered is kept.").waitFor();
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByText("Your session has ended").waitFor({ state: "hidden" });
    await expect.poll(() => formOf(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("Kept");
    expect(await formOf(page).getByRole("checkbox", { name: "graph:read" }).isChecked()).toBe(true);
    await formOf(page).getByRole("button", { name: "Create Client" }).click();
    await shownCredentials(page);
  });

  test("finds the form again after a reload, until they close it", browser, async () => {
    const page = await openSignedIn();
    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    await formOf(page).getByRole("textbox", { name: "Name" }).fill("Half-way");
    await page.reload();
    await expect.poll(() => formOf(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("Half-way");
    await page.keyboard.press("Escape");
    await formOf(page).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    expect(await formOf(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("");
  });

  test("closes a form that came back with the first key they press, and is at the button for it", browser, async () => {
    const page = await openSignedIn();
    await page.getByRole("button", { name: "Create Client", exact: true }).click();
    await formOf(page).getByRole("textbox", { name: "Name" }).fill("Never mind");
    await page.addInitScript(ESCAPE_AT_FIRST_SIGHT);
    await page.reload();
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Create Client");
    expect(await formOf(page).count()).toBe(0);
  });

  test("sees the list again after a new sign-in", browser, async () => {
    await createClient({ name: "Patiently listed" });
    const page = await openSignedIn({
      before: (opened) => opened.route(LIST, (route) => route.fulfill({ status: 401 }), { times: 1 }),
    });
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByRole("row", { name: "Patiently listed" }).waitFor();
  });

  test("signs out, and is asked to sign in", browser, async () => {
    const page = await openSignedIn();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });
});

test("someone without the admin role is told what they lack", browser, async () => {
  const page = await openSignedIn({
    before: (opened) =>
      opened.route(LIST, (route) =>
        route.continue({
          headers: { ...route.request().headers(), authorization: `Bearer ${stack.adminToken({ roles: ["reader"] })}` },
        }),
      ),
  });
  await page.getByText("You may not manage API clients").waitFor();
  await page.getByText('The admin token lacks the role "admin".').waitFor();
});

describe("when somebody else was faster", () => {
  test("a client that they disabled cannot be regenerated, and the page shows what it is now", browser, async () => {
    const { clientId } = await createClient({ name: "Contended" });
    const page = await openSignedIn();
    await openDetails(page, "Contended");
    await page.getByRole("button", { name: "Regenerate secret…" }).click();
    await admin("DELETE", `/${clientId}`);
    const dialog = page.getByRole("alertdialog");
    await dialog.getByRole("textbox").fill("Contended");
    await dialog.getByRole("button", { name: "Regenerate secret" }).click();
    await dialog.getByText("The client has changed in the meantime").waitFor();
    await dialog.getByText("The client is disabled for good: create a new one.").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expectNoButton(page, "Regenerate secret…");
  });

  test("their new secret stays the one that works", browser, async () => {
    const { clientId } = await createClient({ name: "Raced" });
    const page = await openSignedIn();
    await openDetails(page, "Raced");
    await page.getByRole("button", { name: "Regenerate secret…" }).click();
    let theirs = "";
    await page.route("**/regenerate-secret", async (route) => {
      ({ client_secret: theirs } = JSON.parse((await admin("POST", `/${clientId}/regenerate-secret`)).text));
      await route.fulfill({
        status: 409,
        contentType: "application/problem+json",
        body: JSON.stringify({
          type: "about:blank",
          title: "Conflict",
          status: 409,
          detail: "Someone else was faster.",
        }),
      });
    });
    const dialog = page.getByRole("alertdialog");
    await dialog.getByRole("textbox").fill("Raced");
    await dialog.getByRole("button", { name: "Regenerate secret" }).click();
    await dialog.getByText("Someone else was faster.").waitFor();
    expect((await requestToken({ clientId, clientSecret: theirs })).status).toBe(200);
  });
});

test("faults that only the service finds are shown at their fields", browser, async () => {
  const page = await openSignedIn();
  const faults = [
    { field: "name", detail: "Must be another one." },
    { field: "scopes", detail: "Must be fewer." },
  ];
  await page.route(
    CREATE,
    (route) => route.fulfill({ status: 400, json: { detail: "The body has 2 faults.", errors: faults } }),
    {
      times: 1,
    },
  );
  await createInPage(page, "Refused");
  await formOf(page).getByText("Must be another one.").waitFor();
  await formOf(page).getByText("Must be fewer.").waitFor();
  await expect.poll(() => page.evaluate("document.activeElement.name")).toBe("name");
});

test("a link to a client that there is not says so", browser, async () => {
  const page = await openSignedIn();
  await page.goto(`${page.url()}?client=socmate-nobody-abc123`);
  await page.getByText("There is no API client with this client_id.").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Create Client", exact: true }).waitFor();
});
