// Compares every algorithm with the plain-loop reference: all named problems, then seeded random ones.
//   npm run verify:kernels -- [--count N] [--seed N] [--only ALGORITHM]
// COUNT is the number of comparisons on random problems (default 1000). The adapter is TESSERA_ADAPTER's, else the best there
// is. Each failure is printed with the problem, to run alone as TESSERA_CONV_CASE.
import { parseArgs } from 'node:util';
import { convAlgorithms, type ConvProblem } from '../src/index.js';
import { convCases, convFamilies, convProblem, randomConv } from './cases.js';
import { checkConvCase } from './check.js';
import { acquire } from './harness.js';
import { random } from './random.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const algorithms = convAlgorithms.filter(({ name }) => values.only === undefined || values.only === name);
if (algorithms.length === 0) {
  console.error(`--only ${values.only}: it must be of ${convAlgorithms.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

/** Random problems drawn for each comparison asked for, where the one algorithm takes few of them. */
const maxTurns = 50;

const test = await acquire();
const passed = new Map<string, number>();
let failed = 0;

/** Runs a problem by every algorithm that takes it; the number of comparisons. */
async function compareAll(problem: ConvProblem): Promise<number> {
  let compared = 0;
  for (const { name, supports } of algorithms) {
    if (supports(problem, test.profile) !== true) continue;
    compared += 1;
    const wrong = await checkConvCase(test, problem, { only: name }).catch((error: unknown) => String(error));
    if (wrong === undefined) passed.set(name, (passed.get(name) ?? 0) + 1);
    else {
      failed += 1;
      console.log(`${wrong}\n  TESSERA_CONV_CASE='${JSON.stringify({ problem, only: name })}'`);
    }
  }
  return compared;
}

for (const conv of Object.values(convCases)) await compareAll(convProblem(conv));
const source = random(Number(values.seed));
const families = Object.values(convFamilies);
const wanted = Number(values.count);
for (let done = 0, turn = 0; done < wanted && turn < wanted * maxTurns; turn++) {
  const elementType = turn % 3 === 2 && test.profile.hasF16 ? 'f16' : 'f32';
  done += await compareAll(convProblem(randomConv(families[turn % families.length], source, elementType)));
}
for (const [name, count] of passed) console.log(`${name.padEnd(24)} ${count} passed`);
console.log(
  `${[...passed.values()].reduce((a, b) => a + b, 0)} passed, ${failed} failed on ${test.profile.description}`,
);
process.exit(failed > 0 || passed.size === 0 ? 1 : 0);
