// `npm start`: the command `infer` on the included example, a network that reads handwritten digits.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import type { ClassScore, RunReport } from '@tessera/cli';
import sharp from 'sharp';
import { shadeLines, sideBySide } from './art.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join('examples', 'digits');
const colourful = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
const SHOWN_LAYERS = 5;

const paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string) =>
  colourful ? styleText(style, text) : text;

/** `infer` on all pictures as one batch. What it and the driver write beside the report is shown only where it fails. */
function infer(pictures: readonly string[]): RunReport {
  const loader = ['--import', 'tsx', '--conditions', 'tessera-source'];
  const inputs = pictures.flatMap((picture) => ['--input', `image=${join(folder, picture)}`]);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...loader,
      join('packages', 'cli', 'src', 'main.ts'),
      join(folder, 'digits.onnx'),
      ...inputs,
      ...['--labels', join(folder, 'labels.txt'), '--top', '1', '--json'],
      ...process.argv.slice(2),
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(status ?? 1);
  }
  return JSON.parse(stdout) as RunReport;
}

async function drawDigit(
  picture: string,
  answer: ClassScore,
): Promise<{ block: string[]; right: boolean; width: number }> {
  const { data, info } = await sharp(join(root, folder, picture))
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const lines = shadeLines({ width: info.width, height: info.height, data });
  const width = lines[0].length;
  const expected = picture.split('-')[1];
  const right = answer.label === expected;
  const text = right ? `${answer.label}  ${percent(answer)}` : `${answer.label}, but it is a ${expected}`;
  const caption = `${right ? '✓' : '✗'} ${text}`.padEnd(width);
  return { block: [...lines, paint(right ? 'green' : 'red', caption)], right, width };
}

const percent = ({ probability }: ClassScore) =>
  probability === null ? '' : `${(100 * probability).toFixed(0)} % sure`;

const ms = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;

function timeReport({ adapter, prepare, timing, gpu }: RunReport, batch: number): string {
  const row = (title: string, text: string) => `${paint('bold', title.padEnd(12))}${text}`;
  const each = ms(timing.medianMs / batch);
  const lines = [
    row('Adapter', adapter.name),
    ...(adapter.note ? [row('', paint('yellow', adapter.note))] : []),
    row(
      'Prepare',
      `load ${ms(prepare.loadMs)}, lower ${ms(prepare.lowerMs)}, upload ${ms(prepare.uploadMs)}, compile ${ms(prepare.compileMs)}; ${prepare.dispatches} dispatches`,
    ),
    row(
      'Time',
      `first run ${ms(timing.firstRunMs)}, then ${ms(timing.medianMs)} for the batch of ${batch} (${each} a digit), median of ${timing.runs} runs`,
    ),
  ];
  if (gpu.available) {
    lines.push(row('On the GPU', `${ms(gpu.ms)}; the slowest layers:`));
    for (const layer of gpu.layers.slice(0, SHOWN_LAYERS)) {
      const share = `${(100 * layer.share).toFixed(0)} %`.padStart(5);
      lines.push(row('', `${ms(layer.ms).padStart(8)} ${share}  ${layer.name}  ${paint('dim', layer.algorithm)}`));
    }
  }
  return lines.join('\n');
}

const pictures = readdirSync(join(root, folder))
  .filter((name) => /^digit-\d-\w\.png$/.test(name))
  .sort();
console.log(`\n${paint('bold', 'Tessera')} reads ${pictures.length} handwritten digits (${relative('.', folder)}):\n`);
const report = infer(pictures);
const answers = report.outputs[0].classes!.items;
const digits = await Promise.all(pictures.map((picture, i) => drawDigit(picture, answers[i][0])));
console.log(
  sideBySide(
    digits.map(({ block }) => block),
    digits[0].width,
    process.stdout.columns ?? 80,
  ),
);
const right = digits.filter((digit) => digit.right).length;
console.log(`${right} of ${digits.length} read rightly.\n`);
console.log(timeReport(report, digits.length));
console.log(`
Your own model:   npm run infer -- MODEL.onnx
One digit:        npm run infer -- ${folder}/digits.onnx --input ${folder}/digit-7-a.png --labels ${folder}/labels.txt
All that it can:  npm run infer -- --help`);
process.exit(right === digits.length ? 0 : 1);
