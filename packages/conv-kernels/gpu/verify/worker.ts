import { acquire, type TestDevice } from '../harness.js';
import type { Random } from '../random.js';
import { compare, kindAt, kinds, type Comparison, type Kind } from './kinds.js';
import type { Message, Work } from './messages.js';
import { sourceAt } from './random-problems.js';

/** Problems looked at for each comparison asked for, where the one algorithm takes few of them. */
const patience = 50;

const say = (message: Message): void => void process.send!(message);

async function run(test: TestDevice, comparison: Comparison, index: number): Promise<void> {
  say({ begins: comparison, index });
  const wrong = await compare(test, comparison);
  say({ ends: comparison.only.split(' ')[0], wrong });
}

/** Runs a problem by every algorithm that takes it, or by the one asked for; the number of comparisons. */
async function runAll<K extends Kind>(
  test: TestDevice,
  kind: K,
  problem: Comparison<K>['problem'],
  source: Random,
  index: number,
  only: string | undefined,
): Promise<number> {
  const solvers = kinds[kind].solvers(problem, test, source);
  const wanted = solvers.filter((name) => only === undefined || name === only || name.startsWith(`${only} `));
  for (const name of wanted) await run(test, { kind, problem, only: name }, index);
  return wanted.length;
}

async function runNamed<K extends Kind>(test: TestDevice, kind: K, only: string | undefined): Promise<void> {
  for (const [i, problem] of kinds[kind].named.entries()) {
    await runAll(test, kind, problem, sourceAt(i, 0), i, only);
  }
}

async function runRandom<K extends Kind>(
  test: TestDevice,
  kind: K,
  index: number,
  seed: number,
  only: string | undefined,
): Promise<number> {
  const source = sourceAt(index, seed);
  const problem = kinds[kind].random(index, seed, source, test.profile.hasF16);
  return runAll(test, kind, problem, source, index, only);
}

async function work(test: TestDevice, what: Work): Promise<void> {
  if (what.task === 'one') return run(test, what.comparison, 0);
  if (what.task === 'named') return runNamed(test, what.kind as Kind, what.only);
  const { first, step, seed, comparisons, only } = what;
  let done = 0;
  let index = first;
  for (let looked = 0; done < comparisons && looked < comparisons * patience; looked++) {
    done += await runRandom(test, kindAt(index), index, seed, only);
    index += step;
  }
  say({ next: index });
}

const test = await acquire();
say({ adapter: test.profile.description });
await work(test, JSON.parse(process.argv[2]) as Work);
process.exit(0);
