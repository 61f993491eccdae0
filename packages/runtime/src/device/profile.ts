import type { DeviceProfile, SubgroupMatrixConfig } from '@tessera/conv-kernels';
import type { AdapterReport } from '../api.js';

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|warp|basic render/i;

export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || softwareNames.test(`${info.architecture} ${info.device} ${info.description}`);
}

/** What the kernels need to know, from the features and limits the device was made with, and those of its WGSL. */
export function deviceProfile(device: GPUDevice, info: GPUAdapterInfo, language: ReadonlySet<string>): DeviceProfile {
  const { limits, features } = device;
  return {
    vendor: info.vendor.toLowerCase(),
    architecture: info.architecture.toLowerCase(),
    description: info.description,
    isSoftware: isSoftware(info),
    hasF16: features.has('shader-f16'),
    hasSubgroups: features.has('subgroups' as GPUFeatureName),
    hasPackedDot: language.has('packed_4x8_integer_dot_product'),
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
    hasSubgroupSizeControl: features.has('subgroup-size-control'),
    subgroupMatrixConfigs: matrixConfigs(device, info),
    maxInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    maxStorageBinding: limits.maxStorageBufferBindingSize,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    minStorageOffsetAlignment: limits.minStorageBufferOffsetAlignment,
  };
}

/** Plain copies of the adapter's configurations, where the device was made with the feature. */
function matrixConfigs(device: GPUDevice, info: GPUAdapterInfo): readonly SubgroupMatrixConfig[] {
  if (!device.features.has('chromium-experimental-subgroup-matrix' as GPUFeatureName)) return [];
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: readonly SubgroupMatrixConfig[] };
  return subgroupMatrixConfigs.map(({ componentType, resultComponentType, M, N, K }) => {
    return { componentType, resultComponentType, M, N, K };
  });
}

/** `description` reads "<name>: <driver>" on Vulkan, or is the driver alone; `device` may be an identifier. */
export function adapterReport(
  info: GPUAdapterInfo,
  features: readonly string[],
  source: AdapterReport['source'],
): AdapterReport {
  const [head, ...tail] = info.description.split(': ');
  const driver = tail.length > 0 ? tail.join(': ') : info.description;
  const kind = isSoftware(info) ? 'software' : 'gpu';
  const name = tail.length > 0 ? head : info.device || info.architecture || info.vendor || 'unnamed adapter';
  const note =
    kind === 'software'
      ? 'This is a software adapter: it computes on the CPU, many times slower than a GPU. For speed, use a machine with a GPU and its Vulkan driver.'
      : undefined;
  return {
    name: friendlyName(info, name),
    vendor: info.vendor,
    architecture: info.architecture,
    driver,
    kind,
    source,
    features,
    note,
  };
}

function friendlyName(info: GPUAdapterInfo, name: string): string {
  if (/swiftshader/i.test(`${info.architecture} ${info.description}`)) return 'SwiftShader';
  if (/llvmpipe/i.test(`${info.description} ${info.device}`)) return 'llvmpipe (lavapipe)';
  return name;
}
