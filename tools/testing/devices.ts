import type { DeviceProfile } from '@tessera/conv-kernels';

const common: DeviceProfile = {
  vendor: 'nvidia',
  architecture: 'hopper',
  description: 'a GPU',
  isSoftware: false,
  hasF16: true,
  hasSubgroups: true,
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
  hasSubgroupSizeControl: true,
  subgroupMatrixConfigs: [],
  maxInvocationsPerWorkgroup: 1024,
  maxWorkgroupSizeX: 1024,
  maxWorkgroupSizeY: 1024,
  maxWorkgroupSizeZ: 64,
  maxWorkgroupsPerDimension: 65535,
  maxWorkgroupStorage: 49152,
  maxStorageBinding: 2 ** 31 - 4,
  maxStorageBuffers: 16,
  minStorageOffsetAlignment: 256,
};

/** A large GPU. */
export const gpu: DeviceProfile = common;

const nvidiaShapes = [
  [16, 16, 16],
  [16, 8, 16],
  [16, 8, 8],
] as const;

/** A large GPU with matrix units. */
export const matrixGpu: DeviceProfile = {
  ...common,
  subgroupMatrixConfigs: ['f16', 'f32'].flatMap((resultComponentType) =>
    nvidiaShapes.map(([M, N, K]) => ({ componentType: 'f16', resultComponentType, M, N, K })),
  ),
};

/** A CPU adapter with subgroups of 8 and 128 MiB bindings. */
export const software: DeviceProfile = {
  ...common,
  vendor: 'mesa',
  architecture: 'llvmpipe',
  description: 'llvmpipe',
  isSoftware: true,
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
  maxStorageBinding: 2 ** 27,
  maxWorkgroupStorage: 32768,
};

/** The CPU adapter that comes with the packages: subgroups of 4, no f16. */
export const swiftShader: DeviceProfile = {
  ...software,
  vendor: 'google',
  architecture: 'swiftshader',
  description: 'SwiftShader',
  hasF16: false,
  hasSubgroupSizeControl: false,
  subgroupMinSize: 4,
  subgroupMaxSize: 4,
  maxInvocationsPerWorkgroup: 256,
  maxStorageBinding: 2 ** 30,
  maxStorageBuffers: 8,
};

/** The least that WebGPU promises. */
export const least: DeviceProfile = {
  ...common,
  vendor: '',
  hasF16: false,
  hasSubgroups: false,
  subgroupMinSize: 0,
  subgroupMaxSize: 0,
  hasSubgroupSizeControl: false,
  maxInvocationsPerWorkgroup: 256,
  maxWorkgroupStorage: 16384,
  maxStorageBinding: 2 ** 27,
  maxStorageBuffers: 8,
};
