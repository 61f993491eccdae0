// Runs real detectors on real pictures by the command infer, as a user would, and checks what they see.
//   npm run verify:detect -- [--adapter A]
// Models and pictures are those of TESSERA_SHARED (or `shared` beside the repository).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeNpy, type RunReport } from '@tessera/cli';
import { finish, messageOf } from '../support/report.js';
import { repositoryRoot, sharedFolder } from '../support/shared-data.js';
import type { Box, Detection } from './boxes.js';
import { decodeFastestDet } from './fastestdet.js';
import { decodeUltraFace } from './ultraface.js';

/** Largest difference of a score, and of an edge of a box, which is relative to the picture. */
const TOLERANCE = 0.05;
/** Detections below are not looked at. */
const LEAST_SCORE = 0.6;

interface Outputs {
  [name: string]: { readonly dims: readonly number[]; readonly data: ArrayLike<number> };
}

interface Detector {
  readonly model: string;
  readonly options: readonly string[];
  readonly labels: readonly string[];
  readonly decode: (outputs: Outputs) => Detection[];
}

interface Expected {
  readonly label: string;
  readonly score: number;
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
}

interface Check {
  readonly detector: Detector;
  readonly picture: string;
  /** Everything that is to be seen. */
  readonly expected: readonly Expected[];
}

const { values } = parseArgs({ options: { adapter: { type: 'string' } } });
const shared = sharedFolder();

const fastestDet: Detector = {
  model: 'fastestdet.onnx',
  options: ['--bgr'],
  labels: readFileSync(join(shared, 'models', 'coco.names'), 'utf8')
    .trim()
    .split(/\r?\n/),
  decode: (outputs) => {
    const [{ data, dims }] = Object.values(outputs);
    return decodeFastestDet(data, dims, LEAST_SCORE);
  },
};

const ultraFace: Detector = {
  model: 'ultraface-rfb-320.onnx',
  options: ['--scale', '1', '--mean', '127', '--std', '128'],
  labels: ['face'],
  decode: ({ scores, boxes }) => decodeUltraFace(scores.data, boxes.data, LEAST_SCORE),
};

/** By onnxruntime on its CPU provider. */
const checks: readonly Check[] = [
  {
    detector: fastestDet,
    picture: 'street.jpg',
    expected: [
      { label: 'person', score: 0.89, box: [0.08, 0.19, 0.36, 0.87] },
      { label: 'person', score: 0.88, box: [0.57, 0.43, 0.95, 0.88] },
      { label: 'person', score: 0.81, box: [0.32, 0.41, 0.51, 0.79] },
      { label: 'person', score: 0.8, box: [0.45, 0.41, 0.66, 0.82] },
    ],
  },
  {
    detector: fastestDet,
    picture: 'chelsea.png',
    expected: [{ label: 'cat', score: 0.81, box: [-0.04, -0.03, 0.94, 0.97] }],
  },
  {
    detector: fastestDet,
    picture: 'astronaut.png',
    expected: [{ label: 'person', score: 0.79, box: [0, 0.02, 0.74, 1.01] }],
  },
  {
    detector: ultraFace,
    picture: 'astronaut.png',
    expected: [{ label: 'face', score: 1, box: [0.36, 0.12, 0.53, 0.34] }],
  },
];

/** Runs the program in a process of its own and reads the files it writes. */
function infer({ model, options }: Detector, picture: string, folder: string): Outputs {
  const adapter = values.adapter === undefined ? [] : ['--adapter', values.adapter];
  const loader = [
    '--import',
    'tsx',
    '--conditions',
    'tessera-source',
    join(repositoryRoot, 'packages/cli/src/main.ts'),
  ];
  const files = [join(shared, 'models', model), '--input', join(shared, 'images', picture), '--output-dir', folder];
  const args = [...loader, ...files, ...options, ...adapter, '--runs', '1', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: repositoryRoot });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) || `infer ended with status ${status}`);
  const report: RunReport = JSON.parse(stdout);
  return Object.fromEntries(
    report.outputs.map(({ name, file }) => {
      const { dims, data } = decodeNpy(readFileSync(file!));
      return [name, { dims, data: data as Float32Array }];
    }),
  );
}

const edges = ({ left, top, right, bottom }: Box) => [left, top, right, bottom];

function describe(label: string, score: number, box: readonly number[]): string {
  const [left, top, right, bottom] = box.map((edge) => edge.toFixed(2));
  return `${label} ${score.toFixed(2)} (${left}, ${top}) to (${right}, ${bottom})`;
}

function matches(expected: Expected, found: Detection, labels: readonly string[]): boolean {
  const near = (a: number, b: number) => Math.abs(a - b) <= TOLERANCE;
  const sameBox = edges(found.box).every((edge, i) => near(edge, expected.box[i]));
  return labels[found.label] === expected.label && near(found.score, expected.score) && sameBox;
}

/** What is wrong with the detections: each of those expected must be found once, and nothing else. */
function judge({ detector, expected }: Check, found: readonly Detection[]): string[] {
  const left = [...found];
  const missing = expected.filter((wanted) => {
    const at = left.findIndex((detection) => matches(wanted, detection, detector.labels));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const extra = left.map(({ label, score, box }) => describe(detector.labels[label], score, edges(box)));
  return [
    ...missing.map(({ label, score, box }) => `missing: ${describe(label, score, box)}`),
    ...extra.map((text) => `not expected: ${text}`),
  ];
}

function runCheck(check: Check): { name: string; passed: boolean } {
  const name = `${check.detector.model} on ${check.picture}`;
  const folder = mkdtempSync(join(tmpdir(), 'tessera-detect-'));
  try {
    const found = check.detector.decode(infer(check.detector, check.picture, folder));
    const wrong = judge(check, found);
    console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
    for (const { label, score, box } of found) {
      console.log(`       ${describe(check.detector.labels[label], score, edges(box))}`);
    }
    for (const text of wrong) console.log(`       ${text}`);
    return { name, passed: wrong.length === 0 };
  } catch (error) {
    console.log(`FAILED ${name}\n       ${messageOf(error)}`);
    return { name, passed: false };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

finish(checks.map(runCheck), undefined);
