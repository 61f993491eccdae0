import { existsSync, readFileSync } from 'node:fs';

/**
 * The script of a self-contained page: it draws the report in the element #data, JSON of `ReportData`, into #report.
 * It stands beside the built package; out of the sources it is bundled when it is asked for.
 */
export async function pageScript(): Promise<string> {
  const built = new URL('./page.bundle.js', import.meta.url);
  if (existsSync(built)) return readFileSync(built, 'utf8');
  const { bundlePage } = await import('./bundle.js');
  return bundlePage();
}
