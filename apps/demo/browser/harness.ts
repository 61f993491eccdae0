import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';

const demo = fileURLToPath(new URL('..', import.meta.url));
/** The page must work from any folder of a host. */
const base = '/some/folder/';
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const quiet = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export interface Site {
  readonly address: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** Serves the built page and starts Chromium, with WebGPU on SwiftShader or without any. */
export async function openSite({ hasGpu = true } = {}): Promise<Site> {
  if (!existsSync(chromiumPath)) {
    throw new Error(
      `${chromiumPath} is not there; install Debian's package chromium, or set CHROMIUM to a browser's path`,
    );
  }
  const server: PreviewServer = await preview({
    root: demo,
    configFile: false,
    base,
    logLevel: 'error',
    preview: { port: 0, host: '127.0.0.1' },
  });
  const args = ['--no-sandbox', ...quiet, ...(hasGpu ? webgpu : ['--disable-gpu', '--disable-features=WebGPU'])];
  const browser = await chromium.launch({ executablePath: chromiumPath, args });
  return {
    address: `${server.resolvedUrls!.local[0]}`,
    browser,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of the console, and uncaught errors. */
  readonly complaints: string[];
}

/** A page with empty caches, of a context given or made by options. */
export async function openPage(
  site: Site,
  how: BrowserContext | BrowserContextOptions = {},
  hash = '',
): Promise<OpenPage> {
  const context =
    'newPage' in how ? how : await site.browser.newContext({ viewport: { width: 1200, height: 900 }, ...how });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${site.address}${hash}`);
  return { page, context, complaints };
}

/** Waits until the status line of a place says what `text` matches. */
export async function untilStatus(page: Page, place: string, text: RegExp): Promise<string> {
  const status = page.locator(`#panel-${place} .status`);
  await status.filter({ hasText: text }).waitFor({ timeout: 60_000 });
  return (await status.textContent())!;
}
