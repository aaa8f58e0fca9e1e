import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

export interface Visit {
  readonly page: Page;
  /** What should never happen: errors on the console, exceptions, dialogs, requests that leave the origin. */
  readonly faults: readonly string[];
}

export interface TestBrowser {
  /** A page of a browser that has never been here. Goes to `at`, which is below `origin`. */
  visit(origin: string, at?: string, options?: BrowserContextOptions): Promise<Visit>;
  /** Closes all pages. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

/** Chromium as the system has it; the flags let it run as root, and keep it from calling home. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    visit: (origin, at = '/', options = {}) => visit(browser, { origin, at, options }),
    async leave() {
      for (const context of browser.contexts()) await context.close();
    },
    close: () => browser.close(),
  };
}

interface Journey {
  readonly origin: string;
  readonly at: string;
  readonly options: BrowserContextOptions;
}

async function visit(browser: Browser, { origin, at, options }: Journey): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => noteForeign(request.url()));
  page.on('websocket', (socket) => noteForeign(socket.url()));

  function noteForeign(url: string): void {
    const { host } = new URL(url);
    if (host !== new URL(origin).host) faults.push(`request: ${url}`);
  }

  await page.goto(`${origin}${at}`);
  return { page, faults };
}

function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, 'chromium')).find((file) => existsSync(file));
  if (found === undefined) throw new Error('chromium is not there: ./setup.sh --test installs it');
  return found;
}
