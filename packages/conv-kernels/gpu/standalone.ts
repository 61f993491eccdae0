import { packParams, planConv, type ConvProblem, type DeviceProfile, type OperandName } from '@tessera/conv-kernels';

/** What the kernels must know of a device; where a feature is said to be absent they do without. */
export function profileOf({ limits, features }: GPUDevice, info: GPUAdapterInfo): DeviceProfile {
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description,
    isSoftware: info.isFallbackAdapter,
    hasF16: features.has('shader-f16'),
    hasSubgroups: features.has('subgroups'),
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
    hasSubgroupSizeControl: false,
    subgroupMatrixConfigs: [],
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

/** Runs one f32 convolution; `weights` are [outChannels, inChannels / groups, kernelHeight, kernelWidth]. */
export async function convolve(
  device: GPUDevice,
  profile: DeviceProfile,
  problem: ConvProblem,
  operands: { readonly input: Float32Array<ArrayBuffer>; readonly weights: Float32Array<ArrayBuffer> },
  outputLength: number,
): Promise<Float32Array> {
  const plan = planConv(problem, profile);
  const storage = 0x80 | 0x4 | 0x8; // GPUBufferUsage.STORAGE | COPY_SRC | COPY_DST
  const buffer = (bytes: number, usage: number) => device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
  const upload = (data: ArrayBufferView<ArrayBuffer>, usage: number) => {
    const made = buffer(data.byteLength, usage);
    device.queue.writeBuffer(made, 0, data);
    return made;
  };
  const buffers: Partial<Record<OperandName, GPUBuffer>> = {
    input: upload(operands.input, storage),
    weights: upload(plan.packing ? plan.packing.pack(operands.weights) : operands.weights, storage),
    output: buffer(outputLength * 4, storage),
  };
  if (plan.scratchByteLength > 0) buffers.scratch = buffer(plan.scratchByteLength, storage);

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { kernel, workgroups, params, operands: names } of plan.dispatches) {
    const module = device.createShaderModule({ code: kernel.code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const bound = names.map((name) => buffers[name]!);
    if (kernel.hasParams) bound.push(upload(packParams(params), 0x40 | 0x8)); // UNIFORM | COPY_DST
    const entries = bound.map((each, binding) => ({ binding, resource: { buffer: each } }));
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
  const result = buffer(outputLength * 4, 0x1 | 0x8); // MAP_READ | COPY_DST
  encoder.copyBufferToBuffer(buffers.output!, 0, result, 0, outputLength * 4);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(0x1);
  return new Float32Array(result.getMappedRange(0, outputLength * 4).slice(0));
}
