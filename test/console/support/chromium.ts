import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];

/** The browser's program, from TIDEMARK_CHROMIUM or the PATH; null: there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  if (env.TIDEMARK_CHROMIUM) return env.TIDEMARK_CHROMIUM;
  const directories = (env.PATH ?? '').split(delimiter);
  const candidates = NAMES.flatMap((name) => directories.map((directory) => join(directory, name)));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Why browser tests are skipped; null: they run. Where the stack is required, as in CI, they run and fail without one.
 */
export const whyNoBrowser =
  findChromium() === null && process.env.TIDEMARK_STACK !== 'required'
    ? `no ${NAMES.join(', ')} on the PATH, and TIDEMARK_CHROMIUM names none`
    : null;

/** Flags that keep the browser from requests of its own, which would be taken for the page's. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(`none of ${NAMES.join(', ')} is on the PATH: install Debian's chromium`);
  return await chromium.launch({ executablePath, args: QUIET });
}

/** A page, and all that went wrong on it or left it. */
export interface Watched {
  readonly page: Page;
  /** Errors, violations of the policy, dialogs, and requests to elsewhere; empty if all is well. */
  readonly wrong: string[];
}

/** @param origin where requests may go */
export async function watched(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) wrong.push(`request to ${request.url()}`);
  });
  await page.exposeFunction('tellViolation', (what: string) => wrong.push(`policy: ${what}`));
  await page.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    tellViolation(event.violatedDirective + ' ' + event.blockedURI));`);
  return { page, wrong };
}
