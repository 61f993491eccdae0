// Opens the page of `infer profile --html` in headless Chromium: its charts are there, they answer, nothing is asked of
// the network, and nothing is complained of.
//   npm run verify:html -- [--adapter A] [--model FILE] [--screenshot FILE.png] [--dark]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { repositoryRoot } from '../support/shared-data.js';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    model: { type: 'string', default: join(repositoryRoot, 'examples', 'digits', 'digits.onnx') },
    screenshot: { type: 'string' },
    dark: { type: 'boolean', default: false },
  },
});

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const checks: { readonly name: string; readonly passed: boolean }[] = [];

function check(name: string, passed: boolean): void {
  checks.push({ name, passed });
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}`);
}

function writePage(file: string): number {
  const entry = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
  const args = [
    ...process.execArgv,
    entry,
    'profile',
    values.model,
    '--html',
    file,
    '--adapter',
    values.adapter,
    '--json',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`infer profile ended with ${status}: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { layers: unknown[] }).layers.length;
}

async function checkPage(page: Page, layers: number): Promise<void> {
  const count = (selector: string) => page.locator(selector).count();
  for (const id of ['timeline', 'layers', 'roofline', 'memory']) {
    check(`the chart ${id} is drawn`, (await count(`#${id} svg`)) > 0);
  }
  check('the timeline has a bar for each layer', (await count('#timeline rect')) >= 3 + 2 * layers);
  check('the slowest layers have bars', (await count('#layers rect')) === Math.min(25, layers));
  check('the roofline has dots', (await count('#roofline circle')) > 0);
  check('the memory plan has blocks', (await count('#memory rect')) > 0);
  check('the table has all layers', (await count('#layers tbody tr')) === layers);
  const domain = () => page.locator('#timeline svg').innerHTML();
  const before = await domain();
  await page.locator('#timeline svg').hover();
  await page.mouse.wheel(0, -600);
  await page.waitForTimeout(200);
  check('the wheel zooms the timeline', (await domain()) !== before);
  await page.locator('#timeline svg').dblclick();
  await page.waitForTimeout(200);
  check('a double click shows all again', (await domain()) === before);
  await page.getByRole('button', { name: 'operator' }).click();
  const bars = await count('#layers rect');
  check('layers are grouped by operator', bars > 0 && bars <= layers);
  await page.setViewportSize({ width: 420, height: 800 });
  await page.waitForTimeout(200);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  check('nothing is wider than a small screen', overflow === 0);
}

if (!existsSync(executablePath)) {
  console.error(
    `${executablePath} is not there; install Debian's package chromium, or set CHROMIUM to a browser's path`,
  );
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'tessera-html-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const file = join(folder, 'report.html');
  const layers = writePage(file);
  const colorScheme = values.dark ? 'dark' : 'light';
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => message.type() !== 'log' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('#memory svg');
  if (values.screenshot) await page.screenshot({ path: values.screenshot, fullPage: true });
  await checkPage(page, layers);
  check(`no error on the console${complaints.map((text) => `: ${text}`).join('')}`, complaints.length === 0);
  check(`only the page itself is loaded (${requests.length})`, requests.length === 1);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
const failed = checks.filter(({ passed }) => !passed).length;
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
