import axe from "axe-core";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, expect, onTestFinished } from "vitest";
import type { ServiceOptions } from "../../local/host/service.ts";
import { DEBIAN_PATHS } from "../debian.ts";
import { startTestService, type TestService } from "../support/test-service.ts";

/** Starting a browser on a busy machine takes a while. */
export const BROWSER_TIMEOUT_MS = 90_000;
const STEP_TIMEOUT_MS = 30_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** TestService, and a browser to look at the admin page with. */
export interface BrowserTest extends TestService {
  readonly pageUrl: string;
  /**
   * Opens the admin page in a new tab, which ends with the test. The test fails if the page broke its own policy, threw an error
   * that it did not handle, or wrote anything on the console but that a request failed.
   */
  openPage(options?: PageOptions): Promise<Page>;
  /** Opens the page and signs in as the local administrator. */
  openSignedIn(options?: PageOptions): Promise<Page>;
}

/** How to open the page. */
export interface PageOptions {
  /** A browser context of its own, for what all of its tabs would see: its looks, its clock, its network. */
  context?: BrowserContextOptions;
  /** Prepares the page before it is loaded. */
  before?: (page: Page) => Promise<unknown>;
  /** For tests that try to break the page's policy. */
  mayBreakPolicy?: boolean;
}

/** A browser context, and what its pages did wrong since the last test. */
interface Watched {
  readonly context: BrowserContext;
  takeFaults(): string[];
}

/**
 * Starts everything for a test file. Its tests share one browser and, unless they ask for their own, one context: a tab has its
 * session to itself, and need not load all of the page again. The browser starts with the first page, so a file whose tests are
 * skipped needs none.
 */
export async function startBrowserTest(options?: ServiceOptions): Promise<BrowserTest> {
  const everything = await startTestService(options);
  const pageUrl = `${everything.url}/console/`;
  let browser: Promise<Browser> | undefined;
  let shared: Promise<Watched> | undefined;
  afterAll(async () => (await browser)?.close());

  const sharedContext = () => {
    shared ??= openContext();
    return shared;
  };

  async function openContext(contextOptions: BrowserContextOptions = {}): Promise<Watched> {
    browser ??= chromium.launch({ executablePath: DEBIAN_PATHS.chromium, args: FLAGS });
    const context = await (await browser).newContext({
      reducedMotion: "reduce",
      viewport: { width: 1280, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
      timezoneId: "Europe/Zurich",
      ...contextOptions,
    });
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    const faults: string[] = [];
    await context.exposeFunction("reportViolation", (violation: string) => void faults.push(violation));
    await context.addInitScript(REPORT_VIOLATIONS);
    context.on("console", (message) => {
      if (!message.text().startsWith("Failed to load resource:")) faults.push(message.text());
    });
    context.on("weberror", (error) => faults.push(error.error().message));
    return { context, takeFaults: () => faults.splice(0) };
  }

  const openPage: BrowserTest["openPage"] = async ({ context: own, before, mayBreakPolicy = false } = {}) => {
    const { context, takeFaults } = await (own ? openContext(own) : sharedContext());
    onTestFinished(async () => {
      for (const page of context.pages()) {
        await page.unrouteAll({ behavior: "ignoreErrors" });
        await page.close();
      }
      if (own) await context.close();
      const faults = takeFaults();
      if (!mayBreakPolicy) expect(faults).toEqual([]);
    });

    const page = await context.newPage();
    await before?.(page);
    await page.goto(pageUrl);
    return page;
  };

  return {
    ...everything,
    pageUrl,
    openPage,
    async openSignedIn(pageOptions) {
      const page = await openPage(pageOptions);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { level: 1, name: "API Clients" }).waitFor();
      return page;
    },
  };
}

/** Runs axe-core on the page as it is, and names what it finds. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  // Colours on their way from one state to the next belong to neither.
  await expect.poll(() => page.locator("[aria-busy=true]").count()).toBe(0);
  await page.evaluate(TRANSITIONS_FINISHED);
  // A tooltip belongs to its control and to no landmark, which one of axe's rules does not know.
  const run = `axe.run({ exclude: ["[role=tooltip]"] }, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }).then(({ violations }) => violations)`;
  const violations = await page.evaluate<axe.Result[], undefined>(run, undefined);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`),
  );
}

/** The form for a new client, filled in and sent. */
export async function createInPage(
  page: Page,
  name: string,
  scopes: readonly string[] = ["search:read"],
): Promise<void> {
  await page.getByRole("button", { name: "Create Client", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Create API client" });
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  for (const scope of scopes) await dialog.getByRole("checkbox", { name: scope }).check();
  await dialog.getByRole("button", { name: "Create Client" }).click();
}

/** The details of the client with this name, which is active. */
export async function openDetails(page: Page, name: string): Promise<void> {
  await page.getByRole("searchbox").fill(name);
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("heading", { name: "Set up the integration" }).waitFor();
}

/** Expects that a button of the page goes, which tells something only once no dialog hides what is behind it. */
export async function expectNoButton(page: Page, name: string): Promise<void> {
  await page.getByRole("alertdialog").waitFor({ state: "hidden" });
  await expect.poll(() => page.getByRole("button", { name }).count()).toBe(0);
}

/** The secret and the client_id in the dialog that shows them this once. */
export async function shownCredentials(page: Page): Promise<{ clientId: string; clientSecret: string }> {
  const dialog = page.getByRole("alertdialog");
  const clientSecret = (await dialog.locator("code").first().textContent()) ?? "";
  const clientId = (await dialog.locator("code").nth(1).textContent()) ?? "";
  expect(clientSecret).toMatch(/^socmate_[0-9A-Za-z]{49}$/);
  return { clientId, clientSecret };
}

const TRANSITIONS_FINISHED = `Promise.allSettled(
  document.getAnimations().filter((animation) => animation instanceof CSSTransition).map(({ finished }) => finished),
).then(() => undefined)`;

const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (violation) => {
  reportViolation(violation.effectiveDirective + " was violated by " + (violation.blockedURI || violation.sourceFile));
});`;
