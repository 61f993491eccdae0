import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the page's script with the libraries it draws with, their licences at its head. */
export async function bundlePage(): Promise<string> {
  const root = fileURLToPath(new URL('.', import.meta.url));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [import.meta.url.endsWith('.ts') ? 'page.ts' : 'page.js'],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
    outdir: '.',
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  const bundled = Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  return `${licences(root, bundled)}\n${outputFiles[0].text}`;
}

/** The licences of the libraries among the files, which ask that they go with every copy; equal texts once. */
function licences(root: string, files: readonly string[]): string {
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const names = new Map<string, string[]>();
  for (const folder of new Set(folders)) {
    const path = join(root, folder);
    const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
    const text = file ? readFileSync(join(path, file), 'utf8').trim() : 'see its package';
    names.set(text, [...(names.get(text) ?? []), folder.slice(folder.lastIndexOf('node_modules/') + 13)]);
  }
  const notices = [...names].map(([text, packages]) => `${packages.join(', ')}:\n${text.replaceAll('*/', '* /')}`);
  return `/*\n${notices.join('\n\n')}\n*/`;
}
