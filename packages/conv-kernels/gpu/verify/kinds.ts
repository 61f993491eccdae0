import {
  convTransposeAlgorithms,
  explainAveragedProduct,
  explainConv,
  explainGemm,
  explainInt8Conv,
  explainInt8Gemm,
  explainPooledConv,
  type AveragedProductProblem,
  type Candidate,
  type ConvProblem,
  type ConvTransposeProblem,
  type GemmProblem,
  type Int8ConvProblem,
  type Int8GemmProblem,
  type PooledConvProblem,
} from '../../src/index.js';
import { averagedCases, averagedProblem, randomAveraged } from '../averaged-cases.js';
import { convCases, convProblem, randomConv, randomGemm } from '../cases.js';
import {
  checkAveragedProductCase,
  checkConvCase,
  checkGemmCase,
  checkPooledConvCase,
  checkTransposeCase,
} from '../check.js';
import { checkInt8Case, checkInt8Gemm } from '../check-int8.js';
import type { TestDevice } from '../harness.js';
import { int8Cases, int8Problem, randomInt8Gemm } from '../int8-cases.js';
import { pooledCases, pooledProblem, randomPooled } from '../pooled-cases.js';
import type { Random } from '../random.js';
import { transposeCases, transposeProblem } from '../transpose-cases.js';
import { familyAt, randomInt8Conv, randomTranspose } from './random-problems.js';

/** Problems by the kind of kernels that solve them. */
export interface Problems {
  readonly conv: ConvProblem;
  readonly gemm: { readonly problem: GemmProblem; readonly constantB: boolean };
  readonly transpose: ConvTransposeProblem;
  readonly 'int8-conv': Int8ConvProblem;
  readonly 'int8-gemm': Int8GemmProblem;
  readonly 'averaged-product': AveragedProductProblem;
  readonly 'pooled-conv': PooledConvProblem;
}

export type Kind = keyof Problems;

/** One problem by one algorithm, or variant of it. */
export interface Comparison<K extends Kind = Kind> {
  readonly kind: K;
  readonly problem: Problems[K];
  readonly only: string;
}

interface KindOf<P> {
  /** Problems with a name for what they are there for. */
  readonly named: readonly P[];
  /** Problem number `index` of a seed; `source` is seeded by both. */
  random(index: number, seed: number, source: Random, hasF16: boolean): P;
  /** The names of all that can solve a problem on the device, a variant of each algorithm drawn from `source`. */
  solvers(problem: P, test: TestDevice, source: Random): readonly string[];
  /** What is wrong, or undefined. */
  check(test: TestDevice, problem: P, only: string): Promise<string | undefined>;
}

/** One problem of each so many is of this kind; the rest are convolutions. */
export const kinds: { readonly [K in Kind]: KindOf<Problems[K]> } = {
  conv: {
    named: Object.values(convCases).map(convProblem),
    random: (index, seed, source, hasF16) =>
      convProblem(randomConv(familyAt(index, seed), source, hasF16 && source.int(0, 3) === 0 ? 'f16' : 'f32')),
    solvers: (problem, test, source) => drawVariants(explainConv(problem, test.profile), source),
    check: (test, problem, only) => checkConvCase(test, problem, { only }),
  },
  gemm: {
    named: [],
    random: (_index, _seed, source, hasF16) => {
      const constantB = source.int(0, 1) === 0;
      const type = hasF16 && source.int(0, 3) === 0 ? 'f16' : 'f32';
      const problem = randomGemm(source, type, source.pick([1, 4] as const));
      const b = { offset: 0, batchStride: 0, rowStride: problem.n, columnStride: 1 };
      return { constantB, problem: constantB ? { ...problem, b } : problem };
    },
    solvers: ({ problem, constantB }, test, source) =>
      drawVariants(explainGemm(problem, test.profile, { constantB }), source),
    check: (test, { problem, constantB }, only) => checkGemmCase(test, problem, constantB, { only }),
  },
  transpose: {
    named: Object.values(transposeCases).map(transposeProblem),
    random: (_index, _seed, source, hasF16) => transposeProblem(randomTranspose(source, hasF16)),
    solvers: (problem, test) =>
      convTransposeAlgorithms
        .filter(({ supports }) => supports(problem, test.profile, {}) === true)
        .map(({ name }) => name),
    check: (test, problem, only) => checkTransposeCase(test, problem, { only }),
  },
  'int8-conv': {
    named: Object.values(int8Cases).map(int8Problem),
    random: (index, seed, source) => int8Problem(randomInt8Conv(familyAt(index, seed), source)),
    solvers: (problem, test, source) => drawVariants(explainInt8Conv(problem, test.profile), source),
    check: (test, problem, only) => checkInt8Case(test, problem, { only }),
  },
  'int8-gemm': {
    named: [],
    random: (_index, _seed, source) => randomInt8Gemm(source, source.int(0, 1) === 0),
    solvers: (problem, test, source) => drawVariants(explainInt8Gemm(problem, test.profile), source),
    check: (test, problem, only) => checkInt8Gemm(test, problem, { only }),
  },
  'averaged-product': {
    named: Object.values(averagedCases).map(averagedProblem),
    random: (_index, _seed, source, hasF16) => randomAveraged(source, hasF16),
    solvers: (problem, test) => kernelNamed('averaged-product', explainAveragedProduct(problem, test.profile)),
    check: (test, problem) => checkAveragedProductCase(test, problem),
  },
  'pooled-conv': {
    named: Object.values(pooledCases).map(pooledProblem),
    random: (_index, _seed, source, hasF16) => randomPooled(source, hasF16),
    solvers: (problem, test) => kernelNamed('few-channels-pool', explainPooledConv(problem, test.profile)),
    check: (test, problem) => checkPooledConvCase(test, problem),
  },
};

/** Of each algorithm that is not refused, one variant. */
function drawVariants(candidates: readonly Candidate[], source: Random): string[] {
  const open = candidates.filter(({ refusal }) => refusal === undefined);
  const names = [...new Set(open.map(({ algorithm }) => algorithm))].sort();
  return names.map((name) => {
    const { variant } = source.pick(open.filter(({ algorithm }) => algorithm === name));
    return variant === undefined ? name : `${name} ${variant}`;
  });
}

/** The kernel that does two steps together, where it is not refused: the other way is made of kernels that others compare. */
function kernelNamed(name: string, candidates: readonly Candidate[]): string[] {
  return candidates.some(({ algorithm, refusal }) => algorithm === name && refusal === undefined) ? [name] : [];
}

/** Which kind random problem `index` is of: mostly convolutions, of which there are most algorithms. */
export function kindAt(index: number): Kind {
  return (
    (['gemm', 'transpose', 'int8-conv', 'int8-gemm', 'averaged-product', 'pooled-conv'] as const)[index % 10] ?? 'conv'
  );
}

/** Runs one comparison; what is wrong, or undefined. Errors are wrong, too. */
export async function compare<K extends Kind>(
  test: TestDevice,
  { kind, problem, only }: Comparison<K>,
): Promise<string | undefined> {
  try {
    return await kinds[kind].check(test, problem, only);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
