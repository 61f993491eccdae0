import { fileURLToPath } from 'node:url';
import { openPage, openSite, untilStatus } from './harness.js';

/** Takes the pictures of docs/demo.md from the built page. */
const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

const site = await openSite();
const sizes = { desktop: { width: 1200, height: 900 }, phone: { width: 390, height: 844 } };
for (const [name, viewport] of Object.entries(sizes)) {
  const { page, context } = await openPage(site, { viewport });
  await page.getByRole('button', { name: 'Read an example of 7' }).click();
  await untilStatus(page, 'digits', /Read in/);
  await page.getByRole('button', { name: 'Profile the last run' }).click();
  await untilStatus(page, 'digits', /GPU time of the layers/);
  await page.screenshot({ path: `${images}demo-${name}.png`, fullPage: true });
  await context.close();
}
await site.close();
process.exit(0);
