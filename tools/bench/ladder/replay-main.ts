// What today's chooser would pick in records of NVIDIA GPUs with matrix units, without a GPU: it picks among the candidates
// that were timed, and their recorded times say how good the pick is.
//   npm run bench:replay -- [FILE.json ...]   (docs/benchmarks/tiles-nvidia-h100.json and ladder-nvidia-h100.json without any)
import { readFileSync } from 'node:fs';
import { columns } from '../../verify/support/report.js';
import { hopper } from './hopper.js';
import { replay, within, type ReplayedLayer, type TimedRecord } from './replay.js';
import { digits } from './report.js';

const folder = 'docs/benchmarks';
const named = process.argv.slice(2);
const files = named.length > 0 ? named : [`${folder}/tiles-nvidia-h100.json`, `${folder}/ladder-nvidia-h100.json`];
const widths = [32, 46, 11, 9, 46, 9, 10];

function line({ layer, pick, best }: ReplayedLayer): string {
  const name = ({ algorithm, variant }: typeof pick): string =>
    `${algorithm.replace('implicit-gemm', 'gemm')} ${variant}`;
  const us = (seconds: number): string => digits(seconds * 1e6);
  return columns(
    [
      layer,
      name(pick),
      us(pick.predictedSeconds),
      us(pick.seconds),
      name(best),
      us(best.seconds),
      (pick.seconds / best.seconds).toFixed(2),
    ],
    widths,
  );
}

for (const file of files) {
  const record = JSON.parse(readFileSync(file, 'utf8')) as TimedRecord;
  const groups = new Set(record.layers.map(({ batch, elementType }) => `${batch} ${elementType}`));
  for (const group of groups) {
    const chosen = record.layers.filter(({ batch, elementType }) => `${batch} ${elementType}` === group);
    const replayed = replay(chosen, hopper(record.ceilings));
    if (replayed.length === 0) continue;
    console.log(
      `\n${file}, batch ${group}: within 10% of the best on ${within(replayed, 1.1)} of ${replayed.length} layers`,
    );
    console.log(columns(['layer', 'pick', 'predicted', 'us', 'best', 'best us', 'pick/best'], widths));
    for (const layer of replayed) console.log(line(layer));
  }
}
