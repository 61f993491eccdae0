// Kills `infer batch` in the middle, over and over, and checks that the results are complete, whole and made once.
//   npm run verify:batch -- [--adapter A] [--kills N] [--items N]
import { parseArgs } from 'node:util';
import { finish } from '../support/report.js';
import { killBatch } from './kill.js';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    kills: { type: 'string', default: '20' },
    items: { type: 'string', default: '3000' },
  },
});

const { kills, items, doneAtKill, faults } = await killBatch(
  values.adapter,
  Number(values.kills),
  Number(values.items),
);
for (const fault of faults.slice(0, 10)) console.log(fault);
console.log(`${items} items, ${kills} kills, after ${doneAtKill.join(', ')} items; ${faults.length} faults`);
finish([{ passed: faults.length === 0 }], undefined);
