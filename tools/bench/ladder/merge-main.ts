// Makes one record of several that bench:ladder wrote of one adapter: of a layer that several have, the last counts.
//   npm run bench:merge -- --name NAME [--out FILE] RECORD.json ...
// Writes FILE.md and FILE.json (docs/benchmarks/ladder-<name> without --out); NAME is what the adapter is called there.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mergeLadders } from './merge.js';
import { adapterFile, markdown, type LadderReport } from './report.js';

const { values, positionals } = parseArgs({
  options: { name: { type: 'string' }, out: { type: 'string' } },
  allowPositionals: true,
});
if (values.name === undefined || positionals.length === 0) {
  throw new Error('bench:merge takes --name NAME, what to call the adapter, and the records to merge');
}
const records = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as LadderReport);
const report = mergeLadders(records, values.name);
const path = values.out ?? `docs/benchmarks/ladder-${adapterFile(values.name)}`;
writeFileSync(`${path}.md`, markdown(report));
writeFileSync(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
console.log(`written: ${path}.md and .json, ${report.layers.length} layers`);
