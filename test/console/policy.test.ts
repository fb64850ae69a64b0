import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { close, listen } from "../../local/server/http-server.ts";
import { needs } from "../debian.ts";
import { BROWSER_TIMEOUT_MS, startBrowserTest } from "./browser.ts";

const { openPage, openSignedIn, createClient, pageUrl } = await startBrowserTest();
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

const HOSTILE = "</script><svg onload=alert(1)><img src=x onerror=alert(2)>{{7*7}}";

test("a name with markup is text wherever it is shown [check 58]", browser, async () => {
  const { clientId } = await createClient({ name: HOSTILE, description: "<b onclick=alert(3)>bold</b>" });
  const page = await openSignedIn();
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await page.getByRole("searchbox").fill(clientId);
  await page.getByRole("button", { name: HOSTILE }).click();
  await page.getByRole("heading", { name: HOSTILE }).waitFor();
  await page.getByText("<b onclick=alert(3)>bold</b>").last().waitFor();
  await page.getByRole("button", { name: "Disable…" }).click();
  await page.getByText(`Type ${HOSTILE} to confirm`).waitFor();
  expect(await page.locator("svg[onload], img, b").count()).toBe(0);
  expect(dialogs).toBe(0);
});

test("a name that would turn the text around it is written out, and ends with itself [check 58]", browser, async () => {
  const { clientId } = await createClient({ name: "Innocent" });
  const page = await openSignedIn({
    before: (opened) =>
      opened.route("**/api/admin/api-clients**", async (route) => {
        const response = await route.fetch();
        const text = (await response.text()).replaceAll("Innocent", "safe\u202etxt.exe\u200b");
        await route.fulfill({ response, body: text });
      }),
  });
  await page.getByRole("button", { name: "safe<U+202E>txt.exe<U+200B>" }).waitFor();
  expect(await page.evaluate("document.documentElement.outerHTML")).not.toMatch(/[\u202e\u200b]/);
  await page.getByRole("button", { name: "safe<U+202E>" }).click();
  const heading = page.getByRole("heading", { name: "safe<U+202E>txt.exe<U+200B>" });
  await heading.locator("bdi").waitFor();
  expect(page.url()).toContain(clientId);
});

test("neither script nor style nor markup gets into the page, whatever is done to it [check 58]", browser, async () => {
  const page = await openPage({ mayBreakPolicy: true });
  const attempt = (code: string) =>
    page.evaluate(`(() => { try { ${code}; return "done"; } catch (error) { return error.name; } })()`);
  expect(await attempt(`document.body.innerHTML = "<b>markup</b>"`)).toBe("TypeError");
  expect(await attempt(`document.createElement("script").text = "window.ran = true"`)).toBe("TypeError");
  expect(await attempt(`trustedTypes.createPolicy("mine", {})`)).toBe("TypeError");
  expect(await attempt(`document.body.setAttribute("onclick", "window.ran = true")`)).toBe("TypeError");
});

test("the page is in no frame of another site [check 58]", browser, async () => {
  const framing = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end(`<iframe src="${pageUrl}"></iframe>`);
  });
  const port = await listen(framing);
  onTestFinished(() => close(framing));
  const page = await openPage({ mayBreakPolicy: true });
  const refused = page.waitForEvent("requestfailed", (request) => request.url() === pageUrl);
  await page.goto(`http://127.0.0.1:${port}/`);
  expect((await refused).failure()?.errorText).toBe("net::ERR_BLOCKED_BY_RESPONSE");
});
