import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChromeTrace } from '@tessera/report-view';
import { acquireDevice, createSession, type Tensor } from '@tessera/runtime';
import { buildModel } from '../../../tools/testing/index.js';
import { traceFaults } from '../../../tools/testing/trace.js';
import { sharedFolder } from '../../../tools/verify/support/shared-data.js';
import { readNpy, writeNpy } from '../src/model/npy.js';
import type { Page } from 'playwright-core';
import { openPage, openSite, untilStatus, type Site } from './harness.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const example = (path: string) => join(root, 'examples', path);

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

describe('digits', () => {
  it('reads a 7 that is drawn', async () => {
    const { page, complaints, context } = await openPage(site);
    await untilStatus(page, 'digits', /Draw a digit/);
    const { x, y } = (await page.locator('.pad').boundingBox())!;
    await page.mouse.move(x + 70, y + 50);
    await page.mouse.down();
    await page.mouse.move(x + 190, y + 50, { steps: 6 });
    await page.mouse.move(x + 110, y + 220, { steps: 6 });
    await page.mouse.up();
    await untilStatus(page, 'digits', /Read in/);
    await expect.poll(() => page.locator('.answer').textContent()).toBe('7');
    expect(complaints).toEqual([]);
    console.log(`the first answer: ${await page.locator('#panel-digits .status').textContent()}`);
    await context.close();
  });

  it('reads every digit that was held out, by keyboard', async () => {
    const { page, complaints, context } = await openPage(site);
    for (const button of await page.locator('.examples button').all()) {
      const digit = /\d/.exec((await button.getAttribute('aria-label'))!)![0];
      await button.focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('.answer').textContent(), { timeout: 20_000 }).toBe(digit);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});

it('upscales a picture better than bicubic interpolation does', async () => {
  const { page, complaints, context } = await openPage(site, {}, '#upscale');
  await page.getByRole('button', { name: 'Upscale the example' }).click();
  await untilStatus(page, 'upscale', /Upscaled in/);
  const captions = await page.locator('.upscale figcaption').allTextContents();
  const decibels = captions.slice(0, 2).map((text) => Number(/([\d.]+) dB/.exec(text)![1]));
  expect(decibels[0]).toBeGreaterThan(31);
  expect(decibels[1]).toBeGreaterThan(decibels[0] + 1.5);
  expect(complaints).toEqual([]);
  await context.close();
});

describe('a model of the visitor', () => {
  it('finds people in a picture, from dropped files', async () => {
    const { page, complaints, context } = await openPage(site, {}, '#model');
    const models = join(sharedFolder(), 'models');
    await page.setInputFiles('#model-files', [
      join(models, 'fastestdet.onnx'),
      join(models, 'coco.names'),
      join(sharedFolder(), 'images', 'street.jpg'),
    ]);
    await untilStatus(page, 'model', /Ready to run/);
    await page.getByLabel('Range of its values').selectOption({ label: '0 to 1, blue first' });
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await untilStatus(page, 'model', /Ran in/);
    const boxes = await page.getByRole('list', { name: 'Boxes' }).locator('li').allTextContents();
    const people = boxes.filter((text) => text.startsWith('person'));
    expect(people.length).toBeGreaterThanOrEqual(3);
    expect(Number(/person ([\d.]+)/.exec(people[0])![1])).toBeGreaterThan(0.8);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('loads by drag and drop, its external data with it', async () => {
    const { page, complaints, context } = await openPage(site, {}, '#model');
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [3] }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      initializers: [{ name: 'w', dataType: 'float32', dims: [3], external: { location: 'w.bin', length: 12 } }],
      nodes: [{ opType: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    const weights = new Uint8Array(Float32Array.of(0, 0, 0).buffer);
    const files = { 'a.onnx': [...model], 'w.bin': [...weights] };
    const transfer = await page.evaluateHandle((contents) => {
      const data = new DataTransfer();
      for (const [name, bytes] of Object.entries(contents)) data.items.add(new File([new Uint8Array(bytes)], name));
      return data;
    }, files);
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
    await untilStatus(page, 'model', /Ready to run/);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await untilStatus(page, 'model', /Ran in/);
    expect(await page.locator('.outputs tbody tr').textContent()).toContain('0 to 0, mean 0');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('is refused in a sentence where the file is no model', async () => {
    const { page, context } = await openPage(site, {}, '#model');
    await page.setInputFiles('#model-files', { name: 'a.onnx', mimeType: '', buffer: Buffer.from('not a model') });
    await untilStatus(page, 'model', /not an ONNX file/);
    await context.close();
  });
});

it('cancels a load, and loads again', async () => {
  const { page, complaints, context } = await openPage(site, {}, '#upscale');
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/*.onnx', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await page.getByRole('button', { name: 'Upscale the example' }).click();
  await page.locator('#panel-upscale').getByRole('button', { name: 'Cancel' }).click();
  await untilStatus(page, 'upscale', /Cancelled/);
  answer();
  await page.unroute('**/*.onnx');
  await page.getByRole('button', { name: 'Upscale the example' }).click();
  await untilStatus(page, 'upscale', /Upscaled in/);
  expect(complaints).toEqual([]);
  await context.close();
});

it('takes up the GPU again when the device is lost', async () => {
  const context = await site.browser.newContext();
  // The worker's devices are held, so that the test can end them as a driver reset would.
  await context.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    const hold = `
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        return (self.heldDevice = await request.apply(this, args));
      };\n`;
    await route.fulfill({ response, body: hold + (await response.text()) });
  });
  const { page, complaints } = await openPage(site, context);
  await untilStatus(page, 'digits', /Draw a digit/);
  const read = async (digit: string) => {
    await page
      .getByRole('button', { name: `Read an example of ${digit}` })
      .first()
      .click();
    await expect.poll(() => page.locator('.answer').textContent(), { timeout: 20_000 }).toBe(digit);
  };
  await read('4');
  await page.workers()[0].evaluate(() => (self as unknown as { heldDevice: GPUDevice }).heldDevice.destroy());
  await read('2');
  expect(complaints).toEqual([]);
  await context.close();
});

describe('answers', () => {
  const cases = [
    ['digits', 'digits/digits.onnx', [1, 1, 8, 8], 'scores'],
    ['upscaler', 'upscaler/upscaler.onnx', [1, 3, 36, 44], 'upscaled'],
  ] as const;
  for (const [name, path, dims, output] of cases) {
    it(`of the ${name} network equal those in Node on the same adapter`, async () => {
      const data = Float32Array.from({ length: dims.reduce<number>((a, b) => a * b, 1) }, (_, i) => Math.sin(i) ** 2);
      const input: Tensor = { dataType: 'float32', dims, data };
      const device = await acquireDevice({ adapter: 'swiftshader' });
      const session = await createSession(example(path), { device });
      const wanted = (await session.run({ image: input }))[output];
      session.dispose();

      const { page, context } = await openPage(site, {}, '#model');
      await page.setInputFiles('#model-files', example(path));
      await untilStatus(page, 'model', /Ready to run/);
      for (const [symbol, size] of [
        ['height', dims[2]],
        ['width', dims[3]],
      ] as const) {
        const field = page.locator(`.sizes input[name="${symbol}"]`);
        if (await field.count()) await field.fill(String(size));
      }
      await page.getByLabel('Source of image').selectOption({ label: 'an .npy file' });
      const file = Buffer.from(await writeNpy(input)!.arrayBuffer());
      await page.getByLabel('File for image').setInputFiles({ name: 'x.npy', mimeType: '', buffer: file });
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await untilStatus(page, 'model', /Ran in/);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save .npy' }).first().click(),
      ]);
      const got = await readNpy(new Blob([readFileSync(await download.path())]));
      expect(got.dims).toEqual(wanted.dims);
      const difference = (got.data as Float32Array).reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (wanted.data as Float32Array)[i])),
        0,
      );
      expect(difference).toBeLessThanOrEqual(1e-5);
      await context.close();
    });
  }
});

it('shows where the time of a run went, and saves it as a Chrome trace', async () => {
  const { page, complaints, context } = await openPage(site);
  await page.getByRole('button', { name: 'Read an example of 5' }).click();
  await untilStatus(page, 'digits', /Read in/);
  await page.getByRole('button', { name: 'Profile the last run' }).click();
  await untilStatus(page, 'digits', /GPU time of the layers/);
  const drawn = page.locator('#panel-digits .chart svg[aria-label]');
  expect(await drawn.evaluateAll((charts) => charts.map((chart) => chart.getAttribute('aria-label')))).toEqual([
    'Timeline of one profiled run',
    'Layers by time',
    'Roofline',
    'Memory of the activations over the run',
  ]);
  const layers = await page.locator('#panel-digits details tbody tr').count();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save a Chrome trace' }).click(),
  ]);
  const trace: ChromeTrace = JSON.parse(readFileSync(await download.path(), 'utf8'));
  expect(traceFaults(trace)).toEqual([]);
  expect(trace.traceEvents.filter(({ cat }) => cat === 'layer')).toHaveLength(layers);
  expect(complaints).toEqual([]);
  await context.close();
});

it('forces an algorithm, keeps it for the next visit, compares all, and tunes', async () => {
  const { page, complaints, context } = await openPage(site);
  const profile = async (on: Page) => {
    await on.getByRole('button', { name: 'Read an example of 5' }).click();
    await untilStatus(on, 'digits', /Read in/);
    await on.getByRole('button', { name: 'Profile the last run' }).click();
    await untilStatus(on, 'digits', /GPU time of the layers/);
  };
  const control = (on: Page) => on.getByLabel('Algorithm of /blocks/blocks.0/conv2/Conv');
  await profile(page);
  await control(page).selectOption('direct');
  await untilStatus(page, 'digits', /before, .* now/);
  await expect.poll(() => control(page).inputValue()).toBe('direct');
  const row = page.locator('tr', { has: control(page) });
  expect(await row.locator('td').nth(1).textContent()).toContain('direct');

  await page.getByRole('button', { name: 'Compare all for /blocks/blocks.0/conv2/Conv' }).click();
  await untilStatus(page, 'digits', /by \d+ algorithms/);
  const bars = page.locator('svg[aria-label="Algorithms by time"] g[aria-label="bar"] rect');
  expect(await bars.count()).toBeGreaterThanOrEqual(4);

  await page.getByRole('button', { name: /^Tune for up to/ }).click();
  await untilStatus(page, 'digits', /Tuned, and kept/);

  const again = await context.newPage();
  await again.goto(site.address);
  await profile(again);
  expect(await control(again).inputValue()).toBe('direct');
  expect(complaints).toEqual([]);
  await context.close();
});

it('says what still works where there is no WebGPU', async () => {
  const bare = await openSite({ hasGpu: false });
  const { page } = await openPage(bare, {}, '#upscale');
  await page.locator('header', { hasText: 'offers no WebGPU here' }).waitFor();
  await page.getByRole('button', { name: 'Upscale the example' }).click();
  await page.locator('figcaption', { hasText: /Bicubic \d+\.\d+ dB/ }).waitFor();
  await bare.close();
});

describe('accessibility', () => {
  for (const scheme of ['light', 'dark'] as const) {
    it(`axe finds no serious fault, ${scheme}`, async () => {
      const { page, context } = await openPage(site, { colorScheme: scheme });
      await untilStatus(page, 'digits', /Draw a digit/);
      for (const place of ['digits', 'upscale', 'model']) {
        await page.locator(`#tab-${place}`).click();
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
      }
      await context.close();
    });
  }

  it('fits a telephone', async () => {
    const { page, context } = await openPage(site, { viewport: { width: 360, height: 720 }, hasTouch: true });
    for (const place of ['digits', 'upscale', 'model']) {
      await page.locator(`#tab-${place}`).click();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
    }
    await context.close();
  });
});

it('takes less than 400 KB compressed, models and pictures apart', () => {
  const dist = join(root, 'apps', 'demo', 'dist');
  const files = readdirSync(dist, { recursive: true }).map(String);
  const sizes = files
    .filter((file) => statSync(join(dist, file)).isFile() && ['.html', '.js', '.css'].includes(extname(file)))
    .map((file) => gzipSync(readFileSync(join(dist, file))).byteLength);
  const total = sizes.reduce((a, b) => a + b, 0);
  console.log(`the page: ${(total / 1000).toFixed(1)} KB compressed`);
  expect(sizes.length).toBeGreaterThanOrEqual(4);
  expect(total).toBeLessThan(400_000);
});
