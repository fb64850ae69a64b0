import { createHash, randomUUID } from "node:crypto";
import type { BrowserContext, Page, Route } from "playwright-core";
import { describe, expect, test } from "vitest";
import { needs } from "../debian.ts";
import { BROWSER_TIMEOUT_MS, createInPage, shownCredentials, startBrowserTest } from "./browser.ts";

const TENANT = "10ca1000-0000-4000-8000-000000000001";
const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;
const ISSUER = `${AUTHORITY}/v2.0`;
const USER = "10ca1000-0000-4000-8000-00000000000b";

// The service trusts Entra ID's issuer, whose part the stack's own issuer plays: with its keys, and behind the browser's network.
const { openPage, pageUrl, stack } = await startBrowserTest({ env: { ADMIN_ISSUER: ISSUER } });
const browser = { ...needs("chromium"), timeout: BROWSER_TIMEOUT_MS };

/** Entra ID as far as a page sees it: discovery, the page where one signs in, and the token endpoint. */
interface Entra {
  /** What came to the page where one signs in, and to the token endpoint. */
  readonly authorizations: URLSearchParams[];
  readonly tokenRequests: URLSearchParams[];
  /** Claims of the admin tokens to come. */
  claims: Record<string, unknown>;
  /** Whether a refresh token still counts. */
  refreshes: boolean;
  /** The refusal of the page where one signs in, or of the token endpoint. */
  refusal: { at: "authorize" | "token"; error: string; error_description: string } | undefined;
}

async function playEntra(page: Page): Promise<Entra> {
  const entra: Entra = { authorizations: [], tokenRequests: [], claims: {}, refreshes: true, refusal: undefined };
  const grants = new Map<string, URLSearchParams>();
  const json = (route: Route, status: number, body: object) =>
    route.fulfill({ status, json: body, headers: { "access-control-allow-origin": new URL(pageUrl).origin } });

  const answers: Record<string, (route: Route) => Promise<void>> = {
    "/v2.0/.well-known/openid-configuration": (route) =>
      json(route, 200, {
        issuer: ISSUER,
        authorization_endpoint: `${AUTHORITY}/oauth2/v2.0/authorize`,
        token_endpoint: `${AUTHORITY}/oauth2/v2.0/token`,
        end_session_endpoint: `${AUTHORITY}/oauth2/v2.0/logout`,
        jwks_uri: `${AUTHORITY}/discovery/v2.0/keys`,
      }),
    "/oauth2/v2.0/authorize": async (route) => {
      const asked = new URL(route.request().url()).searchParams;
      entra.authorizations.push(asked);
      const code = randomUUID();
      grants.set(code, asked);
      const { at, ...refusal } = entra.refusal ?? {};
      const answer = at === "authorize" ? refusal : { code, client_info: clientInfo() };
      const back = new URLSearchParams({ ...answer, state: asked.get("state") ?? "" });
      await route.fulfill({
        contentType: "text/html",
        body: `<a href="${asked.get("redirect_uri")}#${back}">Go on</a>`,
      });
    },
    "/oauth2/v2.0/token": async (route) => {
      const form = new URLSearchParams(route.request().postData() ?? "");
      entra.tokenRequests.push(form);
      const { at, ...refusal } = entra.refusal ?? {};
      if (at === "token") return json(route, 400, { ...refusal, correlation_id: randomUUID() });
      const granted = grants.get(form.get("code") ?? "");
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      const proven = granted?.get("code_challenge") === challenge;
      const fresh = form.get("grant_type") === "refresh_token" && entra.refreshes;
      if (!proven && !fresh)
        return json(route, 400, { error: "invalid_grant", error_description: "AADSTS700084", suberror: "bad_token" });
      await json(route, 200, {
        token_type: "Bearer",
        scope: `openid profile ${granted?.get("scope") ?? form.get("scope") ?? ""}`,
        expires_in: 3600,
        ext_expires_in: 3600,
        access_token: stack.adminToken({ iss: ISSUER, oid: USER, ...entra.claims }),
        refresh_token: randomUUID(),
        id_token: stack.adminIssuer.idToken({
          iss: ISSUER,
          name: "Ada Admin",
          oid: USER,
          nonce: granted?.get("nonce") ?? undefined,
        }),
        client_info: clientInfo(),
      });
    },
    "/oauth2/v2.0/logout": (route) => route.fulfill({ contentType: "text/html", body: "<p>Signed out</p>" }),
  };
  await page.route("https://login.microsoftonline.com/**", (route) => {
    const path = new URL(route.request().url()).pathname.replace(`/${TENANT}`, "");
    return answers[path]?.(route) ?? route.fulfill({ status: 404 });
  });
  return entra;
}

const clientInfo = () => Buffer.from(JSON.stringify({ uid: USER, utid: TENANT })).toString("base64url");

async function openWithEntra(): Promise<{ page: Page; entra: Entra; context: BrowserContext }> {
  let entra: Entra | undefined;
  const page = await openPage({
    before: async (opened) => {
      entra = await playEntra(opened);
    },
  });
  if (!entra) throw new Error("The page was not prepared.");
  return { page, entra, context: page.context() };
}

async function signIn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Go on" }).click();
  await page.getByText("Ada Admin").waitFor();
}

describe("sign-in with Entra ID", () => {
  test("leads there and back, and gets tokens for the admin API alone", browser, async () => {
    const { page, entra } = await openWithEntra();
    await signIn(page);
    await createInPage(page, "Behind Entra");
    await shownCredentials(page);

    const [asked] = entra.authorizations;
    expect(Object.fromEntries(asked ?? [])).toMatchObject({
      client_id: stack.adminIssuer.consoleClientId,
      redirect_uri: pageUrl,
      response_type: "code",
      code_challenge_method: "S256",
    });
    expect(asked?.get("scope")?.split(" ")).toContain(`${stack.adminIssuer.audience}/administer`);
    expect(page.url()).toBe(pageUrl);
    expect(entra.tokenRequests).toHaveLength(1);
  });

  test("goes on where it was interrupted, with the form as it was", browser, async () => {
    const { page, entra } = await openWithEntra();
    await signIn(page);
    await page.getByRole("searchbox").fill("interrupted");
    await expect.poll(() => page.url()).toBe(`${pageUrl}?search=interrupted`);

    // The tokens that are kept no longer count, and there are no new ones without a sign-in.
    entra.refreshes = false;
    await page.route("**/api/admin/api-clients", (route) => route.fulfill({ status: 401 }), { times: 1 });
    await createInPage(page, "Interrupted", ["graph:read"]);
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByRole("link", { name: "Go on" }).click();

    const form = page.getByRole("dialog", { name: "Create API client" });
    await expect.poll(() => form.getByRole("textbox", { name: "Name" }).inputValue()).toBe("Interrupted");
    expect(page.url()).toBe(`${pageUrl}?search=interrupted`);
    await form.getByRole("button", { name: "Create Client" }).click();
    await shownCredentials(page);
  });

  test("renews tokens quietly as long as Entra lets it, and then asks for a new sign-in", browser, async () => {
    const { page, entra } = await openWithEntra();
    await signIn(page);
    const expire = () =>
      page.evaluate(`for (const [key, value] of Object.entries(sessionStorage)) {
        if (!key.includes("accesstoken")) continue;
        sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(value), expiresOn: "1", extendedExpiresOn: "1" }));
      }`);
    await expire();
    await page.getByRole("button", { name: "Refresh" }).click();
    await expect.poll(() => entra.tokenRequests.at(-1)?.get("grant_type")).toBe("refresh_token");
    await expect.poll(() => page.getByRole("alertdialog").count()).toBe(0);

    entra.refreshes = false;
    await expire();
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  });

  test("without the role shows what is missing, and lets one sign out", browser, async () => {
    const { page, entra } = await openWithEntra();
    entra.claims = { roles: [] };
    await signIn(page);
    await page.getByText("You may not manage API clients").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Signed out").waitFor();
  });

  const Tail = " Trace ID: 0 Correlation ID: 1 Timestamp: 2026-11-25 00:00:00Z";

  test.for([
    [
      "authorize",
      "access_denied",
      "AADSTS50105: The user is not assigned to a role.",
      "Ask for the admin role of SoCMate",
    ],
    ["authorize", "access_denied", "AADSTS65004: User declined to consent.", "Sign in again and accept"],
    ["authorize", "server_error", "AADSTS90033: A transient error has occurred.", "Sign in again."],
    ["token", "invalid_grant", "AADSTS50105: The user is not assigned to a role.", "Ask for the admin role of SoCMate"],
    ["token", "invalid_grant", "AADSTS53003: Access has been blocked.", "A rule of your organization"],
  ] as const)(
    "refused by Entra at %s, with %s and %s, is told as Entra's",
    browser,
    async ([at, error, words, step]) => {
      const { page, entra } = await openWithEntra();
      entra.refusal = { at, error, error_description: words + Tail };
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("link", { name: "Go on" }).click();
      const notice = page.getByRole("alert");
      await notice.getByText("Microsoft Entra ID refused the sign-in.").waitFor();
      const text = await notice.textContent();
      expect(text).toContain(words);
      expect(text).toContain(step);
      expect(text).not.toContain("Trace ID");

      entra.refusal = undefined;
      await signIn(page);
    },
  );

  test("works without a new sign-in once the role was given", browser, async () => {
    const { page, entra } = await openWithEntra();
    entra.claims = { roles: [] };
    await signIn(page);
    await page.getByText("Once you have it, try again").waitFor();
    entra.claims = {};
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("You may not manage API clients").waitFor({ state: "hidden" });
    expect(entra.tokenRequests.map((form) => form.get("grant_type"))).toEqual(["authorization_code", "refresh_token"]);
    // A token that is accepted is kept.
    await page.getByRole("button", { name: "Refresh" }).click();
    await expect.poll(() => page.locator("[aria-busy=true]").count()).toBe(0);
    expect(entra.tokenRequests).toHaveLength(2);
  });

  test("says what to allow where the browser blocks storage, and leads nowhere", browser, async () => {
    const page = await openPage({
      before: (opened) =>
        opened.addInitScript(
          `Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("Access is denied", "SecurityError"); } });`,
        ),
    });
    await page.getByText("Allow cookies and site data for this page, then reload it.").waitFor();
    expect(await page.getByRole("button", { name: "Sign in" }).count()).toBe(0);
    expect(page.url()).toBe(pageUrl);
  });

  test("keeps its tokens in the tab alone", browser, async () => {
    const { page, context } = await openWithEntra();
    await signIn(page);
    const { cookies, origins } = await context.storageState({ indexedDB: true });
    expect({
      cookies,
      local: origins.flatMap(({ localStorage }) => localStorage.filter(({ value }) => value.includes("eyJ"))),
    }).toEqual({
      cookies: [],
      local: [],
    });
  });
});
