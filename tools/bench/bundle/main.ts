// Makes a folder that runs the benchmarks and the checks of kernels and profiles on an offline machine:
//   npm run bench:bundle -- [FOLDER] [--models A,B]
// FOLDER is out/bench without one; the architectures named travel with it, by default those of bench:models. There, with
// Node and the packages webgpu and onnxruntime-node in a node_modules above FOLDER or on NODE_PATH:
//   node FOLDER/run.mjs                              every program, by its defaults
//   node FOLDER/run.mjs bench:models --batches 1     one program, with its options
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { repositoryRoot, sharedFolder } from '../../verify/support/shared-data.js';
import { defaultModels } from '../models/options.js';
import { nativePackages } from './native-packages.js';

/** The scripts of package.json that travel: each runs one module, and the children that stand beside it. */
const travelling = /^bench:(?!bundle$)|^verify:(convs|profile)$/;
const children = ['worker.ts', 'unpack.ts'];
/** What other interpreters run. */
const scripts = ['tools/bench/ladder/cudnn.py'];

const { values, positionals } = parseArgs({
  options: { models: { type: 'string', default: defaultModels } },
  allowPositionals: true,
});
const folder = resolve(positionals[0] ?? join(repositoryRoot, 'out', 'bench'));

/** Script name to its module, relative to the repository. */
function programs(): Record<string, string> {
  const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const entries = Object.entries(scripts).filter(([name]) => travelling.test(name));
  return Object.fromEntries(entries.map(([name, command]) => [name, command.split(' ').at(-1)!]));
}

function modulesOf(entry: string): string[] {
  const beside = children.map((name) => join(dirname(entry), name));
  return [entry, ...beside.filter((path) => existsSync(join(repositoryRoot, path)))];
}

function copyArchitectures(names: readonly string[]): void {
  const zoo = join(folder, 'shared', 'zoo');
  mkdirSync(zoo, { recursive: true });
  const files = ['materialize.mjs', ...names.flatMap((name) => [`${name}.onnx`, `${name}.json`])];
  for (const file of files) copyFileSync(join(sharedFolder(), 'zoo', file), join(zoo, file));
}

/** The tuning files that ship with the runtime, where its modules look for them once they are bundled. */
function copyTuning(modules: readonly string[]): void {
  const from = join(repositoryRoot, 'packages', 'runtime', 'tuning');
  for (const place of new Set(modules.map((path) => join(folder, dirname(path), '..', '..', 'tuning')))) {
    cpSync(from, place, { recursive: true });
  }
}

/** The launcher: plain JavaScript that needs nothing but Node. */
function launcher(modules: Readonly<Record<string, string>>): string {
  return `import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
const programs = ${JSON.stringify(modules, null, 2)};
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [wanted, ...args] = process.argv.slice(2);
if (wanted !== undefined && !(wanted in programs)) {
  console.error('there is no program ' + wanted + '; there are ' + Object.keys(programs).join(', '));
  process.exit(2);
}
const env = { ...process.env, TESSERA_SHARED: process.env.TESSERA_SHARED ?? here('./shared') };
let failed = false;
for (const name of wanted === undefined ? Object.keys(programs) : [wanted]) {
  console.log('== ' + [name, ...args].join(' '));
  const { status } = spawnSync(process.execPath, [here('./' + programs[name]), ...args], { env, stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
`;
}

const entries = programs();
rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: Object.values(entries).flatMap(modulesOf),
  absWorkingDir: repositoryRoot,
  outbase: repositoryRoot,
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['tessera-source'],
  plugins: [nativePackages],
  // Modules in CommonJS find Node's own by \`require\`, which ECMAScript modules lack.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'warning',
});
for (const script of scripts) copyFileSync(join(repositoryRoot, script), join(folder, script));
copyTuning(Object.values(entries).flatMap(modulesOf));
const bundled = Object.entries(entries).map(([name, entry]) => [name, entry.replace(/\.ts$/, '.mjs')]);
writeFileSync(join(folder, 'run.mjs'), launcher(Object.fromEntries(bundled)));
copyArchitectures(values.models.split(',').filter((name) => name !== ''));
console.log(`${relative(process.cwd(), folder)}: ${Object.keys(entries).join(', ')}`);
console.log(
  `Run it by: node run.mjs [PROGRAM [OPTIONS]], with webgpu and onnxruntime-node in node_modules or on NODE_PATH.`,
);
