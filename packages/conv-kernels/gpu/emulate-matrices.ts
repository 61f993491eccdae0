import type { Kernel, Plan } from '../src/index.js';

/** The shape of matrices to emulate, and the type of their factors. */
export interface EmulatedMatrices {
  readonly type: 'f16' | 'f32';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * A plan for subgroup matrices in plain WGSL, for devices without them: a subgroup is one invocation (so the plan must be
 * made for `lanes` of 1), and a matrix is an array in its memory.
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
    .replace(/subgroupMatrixLoad<subgroup_matrix_(left|right)<[^>]*>, row_major>\(&stage, /g, 'load_$1(')
    .replace(/subgroup_matrix_result<[^>]*>/g, 'Sums')
    .replace(/subgroupMatrixMultiplyAccumulate/g, 'multiply')
    .replace(/subgroupMatrixScalarMultiply/g, 'scaled')
    .replace(/subgroupMatrixStore<row_major>\(&(stage|scratch), /g, 'store_$1(');
  return { ...kernel, code: text + declarations(matrices, stores) };
}

function declarations({ type, m, n, k }: EmulatedMatrices, stores: readonly string[]): string {
  const each = type === 'f16' ? 8 : 4;
  const element =
    type === 'f16'
      ? 'let word = stage[at / 8u][(at % 8u) / 2u];\n  return f32(bitcast<vec2h>(word)[at % 2u]);'
      : 'return bitcast<f32>(stage[at / 4u][at % 4u]);';
  const load = (name: string, rows: number, columns: number): string => `
fn load_${name}(offset: u32, stride: u32) -> array<f32, ${rows * columns}> {
  var result: array<f32, ${rows * columns}>;
  let once = min(params.groups, 1u);
  for (var i = 0u; i < ${rows}u * once; i++) {
    for (var j = 0u; j < ${columns}u * once; j++) {
      result[i * ${columns}u + j] = element((offset + i * stride) * ${each}u + j);
    }
  }
  return result;
}`;
  const store = (name: string): string => `
fn store_${name}(offset: u32, value: Sums, stride: u32) {
  var sums = value;
  let once = min(params.groups, 1u);
  for (var i = 0u; i < ${m}u * once; i++) {
    for (var j = 0u; j < ${n}u * once; j++) {
      ${name}[offset + i * stride + j / 4u][j % 4u] = ${name === 'stage' ? 'bitcast<u32>' : ''}(sums[i * ${n}u + j]);
    }
  }
}`;
  return `
alias Sums = array<f32, ${m * n}>;
fn element(at: u32) -> f32 {
  ${element}
}
${load('left', m, k)}
${load('right', k, n)}
fn multiply(left: array<f32, ${m * k}>, right: array<f32, ${k * n}>, sum: Sums) -> Sums {
  var a = left;
  var b = right;
  var result = sum;
  let once = min(params.groups, 1u);
  for (var i = 0u; i < ${m}u * once; i++) {
    for (var j = 0u; j < ${n}u * once; j++) {
      var s = result[i * ${n}u + j];
      for (var t = 0u; t < ${k}u * once; t++) {
        s += a[i * ${k}u + t] * b[t * ${n}u + j];
      }
      result[i * ${n}u + j] = s;
    }
  }
  return result;
}
fn scaled(value: Sums, factor: f32) -> Sums {
  var result = value;
  let once = min(params.groups, 1u);
  for (var i = 0u; i < ${m * n}u * once; i++) {
    result[i] *= factor;
  }
  return result;
}
${stores.map(store).join('\n')}
`;
}
