import type { Kernel, Plan } from '../src/index.js';

/** The shape of matrices to emulate, and the type of their factors; n and k fill whole vec4u. */
export interface EmulatedMatrices {
  readonly type: 'f16' | 'f32' | 'i8';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * A plan for subgroup matrices in plain WGSL, for devices without them: a subgroup is one invocation (so the plan must be
 * made for `lanes` of 1), factors are read out of workgroup memory when they are multiplied, and sums are rows of vec4f, or of vec4i.
 */
export function emulatedPlan(plan: Plan, matrices: EmulatedMatrices): Plan {
  const dispatches = plan.dispatches.map((dispatch) => ({
    ...dispatch,
    kernel: emulated(dispatch.kernel, matrices),
  }));
  return { ...plan, dispatches };
}

function emulated(kernel: Kernel, matrices: EmulatedMatrices): Kernel {
  const { code } = kernel;
  if (!code.includes('subgroup_matrix')) return kernel;
  const stores = ['stage', 'scratch'].filter((name) => code.includes(`subgroupMatrixStore<row_major>(&${name},`));
  const text = code
    .replace(/enable (subgroups|subgroup_size_control|chromium_experimental_subgroup_matrix);\n/g, '')
    .replace(/ @subgroup_size\(\d+\)/, '')
    .replace(/, @builtin\(subgroup_id\) subgroup_id: u32\) \{/, ') {\nlet subgroup_id = local_index;')
    .replace(/subgroupMatrixLoad<[^>]*>, (row|col)_major>\(&stage, /g, 'Factor(')
    .replace(/subgroup_matrix_result<[^>]*>/g, 'Sums')
    .replace(/subgroupMatrixMultiplyAccumulate/g, 'multiply')
    .replace(/subgroupMatrixStore<row_major>\(&(stage|scratch), /g, 'store_$1(');
  return { ...kernel, code: text + declarations(matrices, stores) };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Both factors with k innermost, four at a time, in a loop, since written out it would be too long a text. */
function multiplyBytes(m: number, n: number, k: number): string[] {
  return [
    'var result = sum;',
    `for (var t = 0u; t < ${k / 4}u; t++) {`,
    ...range(n).map((j) => `let r${j} = unpack4xI8(stage[right.offset + ${j}u * right.stride + t / 4u][t % 4u]);`),
    ...range(m).flatMap((i) => [
      `let l${i} = unpack4xI8(stage[left.offset + ${i}u * left.stride + t / 4u][t % 4u]);`,
      ...range(n / 4).map((q) => {
        const products = [0, 1, 2, 3].map((l) => `dot(l${i}, r${4 * q + l})`);
        return `result[${(i * n) / 4 + q}] += vec4i(${products.join(', ')});`;
      }),
    ]),
    '}',
    'return result;',
  ];
}

function declarations({ type, m, n, k }: EmulatedMatrices, stores: readonly string[]): string {
  const each = type === 'f16' ? 8 : 4;
  const quad = type === 'i8' ? 'vec4i' : 'vec4f';
  const row = (name: string, from: string, count: number): string[] =>
    range(count / each).flatMap((v) => {
      const word = `stage[${from}.offset + ${name.slice(1)}u * ${from}.stride + ${v}u]`;
      const quads = type === 'f16' ? [`halves_of(${word}.xy)`, `halves_of(${word}.zw)`] : [`bitcast<vec4f>(${word})`];
      return quads.map((value, q) => `let ${name}_${v * quads.length + q} = ${value};`);
    });
  const multiplyFloats = (): string[] => [
    ...range(m).flatMap((i) => row(`l${i}`, 'left', k)),
    ...range(k).flatMap((t) => row(`r${t}`, 'right', n)),
    'var result = sum;',
    ...range(m).flatMap((i) =>
      range(n / 4).flatMap((q) =>
        range(k).map((t) => `result[${(i * n) / 4 + q}] += l${i}_${Math.floor(t / 4)}.${'xyzw'[t % 4]} * r${t}_${q};`),
      ),
    ),
    'return result;',
  ];
  const store = (name: string): string =>
    [
      `fn store_${name}(offset: u32, value: Sums, stride: u32) {`,
      ...range((m * n) / 4).map((q) => {
        const [i, j] = [Math.floor(q / (n / 4)), q % (n / 4)];
        const words = name === 'stage' ? `bitcast<vec4u>(value[${q}])` : `value[${q}]`;
        return `${name}[offset + ${i}u * stride + ${j}u] = ${words};`;
      }),
      '}',
    ].join('\n');
  return [
    `alias Sums = array<${quad}, ${(m * n) / 4}>;`,
    'struct Factor {\n  offset: u32,\n  stride: u32,\n}',
    'fn halves_of(words: vec2u) -> vec4f {\n  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));\n}',
    `fn multiply(left: Factor, right: Factor, sum: Sums) -> Sums {\n${(type === 'i8' ? multiplyBytes(m, n, k) : multiplyFloats()).join('\n')}\n}`,
    ...stores.map(store),
    '',
  ].join('\n');
}
