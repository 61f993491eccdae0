import type { Ceilings } from './ceilings.js';
import type { DeviceProfile, SubgroupMatrixConfig } from './problem.js';
import { shader, type Kernel, type Param } from './wgsl/shader.js';

/** What a probe measures; `core` is the arithmetic of one workgroup alone. */
export type ProbeName = 'f32' | 'f16' | 'matrix' | 'core' | 'copy' | 'launch';

/** Dispatches whose time shows one ceiling. `scale` is raised by the caller until they take long enough to be timed. */
export interface CeilingProbe {
  readonly name: ProbeName;
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
  /** Bytes of the buffers, in the order of `kernel.bindings`. */
  readonly bufferBytes: readonly number[];
  /** How many times the dispatch is recorded, its uniform values, and the operations, bytes or dispatches of all of it. */
  at(scale: number): { readonly repeats: number; readonly params: readonly Param[]; readonly work: number };
}

/** Independent chains of multiply-adds in each invocation, four wide. */
const chains = 8;
/** Multiply-adds of each chain in one turn of the loop. */
const unroll = 4;

/** The probes that a device can run. */
export function ceilingProbes(device: DeviceProfile): readonly CeilingProbe[] {
  const threads = device.isSoftware ? 64 : 256;
  const workgroups = device.isSoftware ? 64 : 4096;
  const config = matrixConfig(device);
  return [
    fmaProbe('f32', 'f32', threads, workgroups),
    ...(device.hasF16 ? [fmaProbe('f16', 'f16', threads, workgroups)] : []),
    ...(config ? [matrixProbe(config, device, workgroups)] : []),
    fmaProbe('core', 'f32', threads, 1),
    copyProbe(device),
    launchProbe,
  ];
}

/** The ceilings that the probes' rates (work a second) come to. */
export function ceilingsFromRates(rates: Readonly<Partial<Record<ProbeName, number>>>): Ceilings {
  const rate = (name: ProbeName): number => {
    const value = rates[name];
    if (value === undefined || !(value > 0)) throw new Error(`the probe ${name} gave no rate`);
    return value;
  };
  return {
    f32Flops: rate('f32'),
    ...(rates.f16 === undefined ? {} : { f16Flops: rate('f16') }),
    ...(rates.matrix === undefined ? {} : { matrixFlops: rate('matrix') }),
    bytes: rate('copy'),
    launchSeconds: 1 / rate('launch'),
    cores: Math.max(1, Math.round(rate('f32') / rate('core'))),
  };
}

function fmaProbe(name: ProbeName, type: 'f32' | 'f16', threads: number, workgroups: number): CeilingProbe {
  const sums = Array.from({ length: chains }, (_, i) => `sum_${i}`);
  const quad = `vec4<${type}>`;
  const kernel = shader({
    label: `ceiling ${name}`,
    enables: type === 'f16' ? ['f16'] : [],
    bindings: [{ name: 'output', access: 'read_write', type: 'array<vec4<f32>>' }],
    params: [
      { name: 'turns', type: 'u32' },
      { name: 'factor', type: 'f32' },
    ],
    workgroupSize: [threads, 1, 1],
    body: [
      `let factor = ${quad}(${type}(params.factor));`,
      `let start = ${type}(f32(local_index) * 0.001);`,
      ...sums.map((sum, i) => `var ${sum} = ${quad}(start + ${type}(${i}));`),
      'for (var turn = 0u; turn < params.turns; turn++) {',
      ...Array.from({ length: unroll }, () => sums.map((sum) => `${sum} = fma(${sum}, factor, factor);`)).flat(),
      '}',
      `output[local_index] = vec4f(${sums.join(' + ')});`,
    ].join('\n'),
  });
  const operations = 2 * 4 * chains * unroll * threads * workgroups;
  return {
    name,
    kernel,
    workgroups: [workgroups, 1, 1],
    bufferBytes: [16 * threads],
    at: (scale) => ({
      repeats: 1,
      params: [
        { name: 'turns', type: 'u32', value: 16 * scale },
        { name: 'factor', type: 'f32', value: 0.5 },
      ],
      work: operations * 16 * scale,
    }),
  };
}

/** The largest product of f16 matrices with f32 sums that the device has. */
function matrixConfig(device: DeviceProfile): SubgroupMatrixConfig | undefined {
  const configs = device.subgroupMatrixConfigs.filter(
    ({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32',
  );
  const size = ({ M, N, K }: SubgroupMatrixConfig): number => M * N * K;
  return configs.reduce<SubgroupMatrixConfig | undefined>(
    (best, config) => (best && size(best) >= size(config) ? best : config),
    undefined,
  );
}

/** Independent sums of matrix products in each subgroup, of factors that stay in registers. */
function matrixProbe({ M, N, K }: SubgroupMatrixConfig, device: DeviceProfile, workgroups: number): CeilingProbe {
  const lanes = device.subgroupMaxSize;
  const subgroups = Math.max(1, Math.floor(256 / lanes));
  const sums = Array.from({ length: chains }, (_, i) => `sum_${i}`);
  const result = `subgroup_matrix_result<f32, ${N}, ${M}>`;
  const kernel = shader({
    label: 'ceiling matrix',
    enables: ['f16', 'subgroups', 'chromium_experimental_subgroup_matrix'],
    bindings: [
      { name: 'input', access: 'read', type: 'array<f16>' },
      { name: 'output', access: 'read_write', type: 'array<f32>' },
    ],
    params: [{ name: 'turns', type: 'u32' }],
    workgroupSize: [lanes * subgroups, 1, 1],
    body: [
      `let left = subgroupMatrixLoad<subgroup_matrix_left<f16, ${K}, ${M}>, row_major>(&input, 0u, ${K}u);`,
      `let right = subgroupMatrixLoad<subgroup_matrix_right<f16, ${N}, ${K}>, row_major>(&input, 0u, ${N}u);`,
      ...sums.map((sum) => `var ${sum} = ${result}();`),
      'for (var turn = 0u; turn < params.turns; turn++) {',
      ...sums.map((sum) => `${sum} = subgroupMatrixMultiplyAccumulate(left, right, ${sum});`),
      '}',
      ...sums.map((sum, i) => `subgroupMatrixStore<row_major>(&output, ${i * M * N}u, ${sum}, ${N}u);`),
    ].join('\n'),
  });
  return {
    name: 'matrix',
    kernel,
    workgroups: [workgroups, 1, 1],
    bufferBytes: [2 * Math.max(M, N) * K, 4 * chains * M * N],
    at: (scale) => ({
      repeats: 1,
      params: [{ name: 'turns', type: 'u32', value: 16 * scale }],
      work: 2 * M * N * K * chains * subgroups * workgroups * 16 * scale,
    }),
  };
}

/** Reads and writes 4 vec4s an invocation. */
function copyProbe(device: DeviceProfile): CeilingProbe {
  const each = 4;
  const threads = device.isSoftware ? 64 : 256;
  const bytes = Math.min(device.isSoftware ? 2 ** 25 : 2 ** 28, device.maxStorageBinding);
  const workgroups = Math.floor(bytes / (16 * each * threads));
  const kernel = shader({
    label: 'ceiling copy',
    bindings: [
      { name: 'input', access: 'read', type: 'array<vec4<f32>>' },
      { name: 'output', access: 'read_write', type: 'array<vec4<f32>>' },
    ],
    workgroupSize: [threads, 1, 1],
    body: Array.from({ length: each }, (_, i) => [
      `let at_${i} = (workgroup_id.x * ${each}u + ${i}u) * ${threads}u + local_index;`,
      `output[at_${i}] = input[at_${i}];`,
    ])
      .flat()
      .join('\n'),
  });
  const used = 16 * each * threads * workgroups;
  return {
    name: 'copy',
    kernel,
    workgroups: [workgroups, 1, 1],
    bufferBytes: [used, used],
    at: (scale) => ({ repeats: scale, params: [], work: 2 * used * scale }),
  };
}

/** Dispatches of one invocation, each reading what the one before wrote. */
const launchProbe: CeilingProbe = {
  name: 'launch',
  kernel: shader({
    label: 'ceiling launch',
    bindings: [{ name: 'output', access: 'read_write', type: 'array<u32>' }],
    workgroupSize: [1, 1, 1],
    body: 'output[0] = output[0] + 1u;',
  }),
  workgroups: [1, 1, 1],
  bufferBytes: [16],
  at: (scale) => ({ repeats: 32 * scale, params: [], work: 32 * scale }),
};
