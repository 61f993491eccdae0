// Packs each package as it would be published, installs the packs in a plain Node project outside the repository, and
// uses them there: every entry imported, their types checked, the command run, the example's network run.
//   npm run build && npm run verify:package
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish } from '../support/report.js';
import { repositoryRoot } from '../support/shared-data.js';

const PACKAGES = ['onnx-loader', 'conv-kernels', 'runtime', 'report-view', 'server', 'cli'];
/** What a package takes from the project around it. */
const PEERS = ['onnxruntime-common'];
const project = mkdtempSync(join(tmpdir(), 'tessera-package-'));
const checks: { name: string; passed: boolean }[] = [];

function check(name: string, command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: false });
  const passed = status === 0;
  console.log(`${passed ? 'passed' : 'failed'}  ${name}`);
  if (!passed) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trimEnd());
  checks.push({ name, passed });
  return stdout ?? '';
}

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default?: string } | string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** What other projects can import: each subpath of `exports` that leads to a module. */
function entries(name: string): string[] {
  const path = join(repositoryRoot, 'packages', name, 'package.json');
  const { exports } = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  return Object.keys(exports)
    .filter((subpath) => !subpath.endsWith('.json'))
    .map((subpath) => `@tessera/${name}${subpath.slice(1)}`);
}

function pack(name: string): string {
  const folder = join(repositoryRoot, 'packages', name);
  const built = existsSync(join(folder, 'dist', 'index.js'));
  if (!built) console.log(`packages/${name}/dist is missing: npm run build makes it`);
  const out = check(`pack ${name}`, 'npm', ['pack', '--silent', '--pack-destination', project], folder);
  return `./${out.trim().split('\n').at(-1)}`;
}

const RUN = `
import { createSession } from '@tessera/runtime';
const session = await createSession('digits.onnx');
const data = new Float32Array(3 * 64).fill(0.5);
const { scores } = await session.run({ image: { dataType: 'float32', dims: [3, 1, 8, 8], data } });
if (scores.dims.join() !== '3,10' || !scores.data.every(Number.isFinite)) throw new Error('wrong scores: ' + scores.data);
session.dispose();
process.exit(0);
`;

/** What `tsc` is told beside the file: no more than a new project has. */
const TYPES = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext'];

const BROWSER_PROGRAM = `
import { createSession, type Session } from '@tessera/runtime/browser';
import { InferenceSession } from '@tessera/runtime/ort';
const session: Session = await createSession(new Uint8Array(), { precision: 'fp16' });
const buffer: GPUBuffer = session.device.gpu.createBuffer({ size: 16, usage: 8 });
console.log(buffer.size, await InferenceSession.create('digits.onnx'));
`;

mkdirSync(project, { recursive: true });
writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'plain', private: true, type: 'module' }));
const packs = PACKAGES.map(pack);
const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
check('install the packs', 'npm', ['install', ...quiet, ...packs, ...PEERS], project);
for (const name of PACKAGES)
  for (const file of ['README.md', 'LICENSE']) {
    const passed = existsSync(join(project, 'node_modules', '@tessera', name, file));
    if (!passed) console.log(`failed  ${name} has its ${file}`);
    checks.push({ name: `${name} has its ${file}`, passed });
  }
for (const entry of PACKAGES.flatMap(entries)) {
  const source = `const m = await import('${entry}'); if (Object.keys(m).length === 0) throw new Error('it exports nothing'); process.exit(0)`;
  check(`import ${entry}`, process.execPath, ['--input-type=module', '-e', source], project);
}
writeFileSync(join(project, 'browser.ts'), BROWSER_PROGRAM);
const tsc = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
check('types of @tessera/runtime/browser', process.execPath, [tsc, ...TYPES, 'browser.ts'], project);
// The types of onnx-proto, which the schema shows, name one that they do not import.
const typed = PACKAGES.flatMap(entries).filter((entry) => entry !== '@tessera/onnx-loader/schema');
const everything = typed.map((entry, i) => `import * as entry${i} from '${entry}';\nconsole.log(entry${i});\n`);
writeFileSync(join(project, 'everything.ts'), everything.join(''));
const node = ['--types', 'node', '--typeRoots', join(repositoryRoot, 'node_modules', '@types')];
check('types of every other entry', process.execPath, [tsc, ...TYPES, ...node, 'everything.ts'], project);
check('infer --help', join(project, 'node_modules', '.bin', 'infer'), ['--help'], project);
cpSync(join(repositoryRoot, 'examples', 'digits', 'digits.onnx'), join(project, 'digits.onnx'));
writeFileSync(join(project, 'run.js'), RUN);
check('run digits.onnx by createSession', process.execPath, ['run.js'], project);
check('infer digits.onnx', join(project, 'node_modules', '.bin', 'infer'), ['digits.onnx', '--dim', 'N=2'], project);
rmSync(project, { recursive: true, force: true });
finish(checks, undefined);
