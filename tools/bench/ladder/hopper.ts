import type { Ceilings, DeviceProfile } from '@tessera/conv-kernels';

const shapes = [
  [16, 16, 16],
  [16, 8, 16],
  [16, 8, 8],
] as const;

/** An NVIDIA GPU with matrix units as Dawn shows it, with the ceilings of a record: the device to replay that record on. */
export function hopper(ceilings: Ceilings): DeviceProfile {
  return {
    vendor: 'nvidia',
    architecture: 'hopper',
    description: 'NVIDIA',
    isSoftware: false,
    hasF16: true,
    hasSubgroups: true,
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    hasSubgroupSizeControl: true,
    subgroupMatrixConfigs: ['f16', 'f32'].flatMap((resultComponentType) =>
      shapes.map(([M, N, K]) => ({ componentType: 'f16', resultComponentType, M, N, K })),
    ),
    maxInvocationsPerWorkgroup: 1024,
    maxWorkgroupSizeX: 1024,
    maxWorkgroupSizeY: 1024,
    maxWorkgroupSizeZ: 64,
    maxWorkgroupsPerDimension: 65535,
    maxWorkgroupStorage: 49152,
    maxStorageBinding: 2 ** 31 - 4,
    maxStorageBuffers: 16,
    minStorageOffsetAlignment: 256,
    ceilings,
  };
}
