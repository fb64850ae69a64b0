import { TableClient } from "@azure/data-tables";
import { describe, expect, test } from "vitest";
import { trustCertificate } from "../../local/azure/certificate.ts";
import { CLIENT_TABLE } from "../../shared/clients/client-store.ts";
import { needs } from "../debian.ts";
import { accessibilityFaults, BROWSER_TIMEOUT_MS, expectNoButton, startBrowserTest } from "./browser.ts";

const { openSignedIn, createClient, requestToken, stack } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

trustCertificate(stack.certificate);
const token = stack.identity.token("https://storage.azure.com");
const table = new TableClient(stack.settings.TABLES_URL ?? "", CLIENT_TABLE, {
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});
const damage = (partitionKey: string, columns: Record<string, unknown>) =>
  table.updateEntity({ partitionKey, rowKey: "client", ...columns }, "Merge", { etag: "*" });

describe("a client with a damaged record", () => {
  test("is shown with what can be read, and is disabled by its client_id", browser, async () => {
    const { clientId, clientSecret } = await createClient({ name: "Wrecked" });
    await damage(clientId, { name: 7, status: "suspended", created_at: "", scopes: "search:read reports:read" });
    const page = await openSignedIn();
    const row = page.getByRole("row", { name: clientId });
    await row.waitFor();
    for (const words of ["Damaged", "search:read", "reports:read", "Cannot be read"]) {
      expect(await row.textContent()).toContain(words);
    }
    expect(await row.textContent()).not.toMatch(/Active|1970/);

    await row.getByRole("button", { name: clientId, exact: true }).click();
    await page.getByText("This release of SoCMate cannot read: name, status, scopes, created_at.").waitFor();
    expect(await page.getByText("this release of SoCMate does not know this scope").count()).toBe(1);
    expect(await page.getByRole("button", { name: "Regenerate secret…" }).count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole("button", { name: "Disable…" }).click();
    const dialog = page.getByRole("alertdialog");
    const confirm = dialog.getByRole("button", { name: "Disable client" });
    expect(await confirm.getAttribute("aria-disabled")).toBe("true");
    await dialog.getByRole("textbox").fill(clientId);
    await confirm.click();
    await page.getByText(`${clientId} is disabled.`).waitFor();
    await expectNoButton(page, "Disable…");
    await page.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => row.textContent()).toContain("Disabled");
    expect((await requestToken({ clientId, clientSecret })).status).toBe(401);
  });

  test("does not keep the other clients from being shown", browser, async () => {
    const { clientId } = await createClient({ name: "Wrecked as well" });
    await createClient({ name: "In good order" });
    await damage(clientId, { secretName: "" });
    const page = await openSignedIn();
    await page.getByRole("row", { name: "In good order" }).waitFor();
    await expect.poll(() => page.getByRole("row", { name: "Wrecked as well" }).textContent()).toContain("Damaged");
  });
});
