import type { DataType } from '@tessera/onnx-loader';
import { dataTypeNumber } from '@tessera/onnx-loader/schema';
import { createSession } from '@tessera/runtime';
import type { Sizes } from '../support/shared-data.js';
import { judge, tolerances, type Criterion, type Verdict } from './criteria.js';
import { mayDiffer } from './detections.js';
import type { Network } from './networks.js';
import { openNetworkFile, type Piece } from './pieces.js';
import { referenceSession, runOurs, runReference, type Answers, type Feeds } from './runs.js';

/** Pieces to begin with; those that rounding still decides are halved. */
const firstPieces = 16;

async function plainAnswers(path: string, feeds: Feeds): Promise<Answers> {
  const session = await referenceSession(path, false);
  try {
    return await runReference(session, feeds);
  } finally {
    await session.release();
  }
}

/**
 * How far onnxruntime is from itself when it computes a network without optimizing it. Where that is more than a tenth of
 * the tolerance, rounding errors have a say in the answers, and they prove little of any runtime.
 */
export async function selfDifference(
  criterion: Criterion,
  path: string,
  feeds: Feeds,
  reference: Answers,
): Promise<number> {
  return judge(criterion, await plainAnswers(path, feeds), reference).difference;
}

export function isUndecided(criterion: Criterion, spread: number): boolean {
  const tolerance = criterion === 'detection' ? mayDiffer : tolerances[criterion];
  return !(spread <= tolerance / 10);
}

/** Compares a network piece by piece, each fed with the reference's values; the verdict is the worst of them. */
export async function judgePieces(network: Network, sizes: Sizes, adapter: string): Promise<Verdict> {
  const criterion = network.precision;
  const file = openNetworkFile(network.path);
  const feeds = network.inputsFor(sizes);
  const given = Object.entries(feeds).map(([name, { type, dims, data }]) => {
    return [name, { type, dims, data: data as ArrayLike<number | bigint>, isHalf: type === 'float16' }] as const;
  });
  const values: Answers = { ...(await plainAnswers(file.whole(), feeds)), ...Object.fromEntries(given) };
  const known = new Map(
    Object.entries(values).map(([name, { type, dims }]) => [
      name,
      { elementType: dataTypeNumber(type as DataType), dims },
    ]),
  );
  const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, values[name]]));

  const compare = async ({ path, inputs, outputs }: Piece): Promise<Verdict & { readonly isFinal: boolean }> => {
    const session = await createSession(path, { adapter });
    const verdict = judge(criterion, await runOurs(session, pick(inputs)), pick(outputs));
    session.dispose();
    if (verdict.passed) return { ...verdict, isFinal: true };
    const optimized = await referenceSession(path);
    const spread = judge(criterion, await runReference(optimized, pick(inputs)), pick(outputs)).difference;
    await optimized.release();
    return { ...verdict, isFinal: !isUndecided(criterion, spread) };
  };

  const judgeRange = async (first: number, last: number): Promise<Verdict> => {
    const verdict = await compare(file.piece(first, last, known));
    if (verdict.isFinal || last - first === 1) return verdict;
    const middle = Math.floor((first + last) / 2);
    return worse(await judgeRange(first, middle), await judgeRange(middle, last));
  };

  try {
    const length = Math.ceil(file.length / firstPieces);
    let worst: Verdict = { passed: true, difference: 0 };
    for (let first = 0; first < file.length; first += length) {
      worst = worse(worst, await judgeRange(first, Math.min(file.length, first + length)));
    }
    return worst;
  } finally {
    file.dispose();
  }
}

function worse(a: Verdict, b: Verdict): Verdict {
  return a.difference >= b.difference ? a : b;
}
