import { acquireDevice } from '../../runtime/src/device/acquire.js';
import { packParams, type DeviceProfile, type Kernel, type OperandName, type Plan } from '../src/index.js';

export interface TestDevice {
  readonly device: GPUDevice;
  readonly profile: DeviceProfile;
  /** Errors that no scope caught, in order. */
  readonly errors: string[];
  /** Pipelines by shader text. */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
}

/** The adapter that TESSERA_ADAPTER asks for, else the best there is; throws where there is none. */
export async function acquire(): Promise<TestDevice> {
  const { gpu: device, profile } = await acquireDevice();
  const errors: string[] = [];
  device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  return { device, profile, errors, pipelines: new Map() };
}

/** The host side of a plan: bytes for what it reads; `output` holds what is in the buffer before the run. */
export type HostOperands = Partial<Record<OperandName, ArrayBufferView<ArrayBuffer>>>;

export interface PreparedPlan {
  readonly pipelines: readonly GPUComputePipeline[];
  readonly bindGroups: readonly GPUBindGroup[];
  readonly buffers: ReadonlyMap<OperandName, GPUBuffer>;
}

const storage = 0x80 | 0x4 | 0x8;
const uniform = 0x40 | 0x8;

/** Buffers, pipelines and bind groups for one plan. */
async function prepare(test: TestDevice, plan: Plan, host: HostOperands): Promise<PreparedPlan> {
  const { device } = test;
  const buffers = new Map<OperandName, GPUBuffer>();
  for (const [name, data] of Object.entries(host) as [OperandName, ArrayBufferView<ArrayBuffer>][]) {
    const buffer = device.createBuffer({ size: align(data.byteLength), usage: storage });
    device.queue.writeBuffer(buffer, 0, padded(data));
    buffers.set(name, buffer);
  }
  if (plan.scratchByteLength > 0) {
    buffers.set('scratch', device.createBuffer({ size: align(plan.scratchByteLength), usage: storage }));
  }
  const pipelines = await Promise.all(plan.dispatches.map(({ kernel }) => pipelineOf(test, kernel)));
  const bindGroups = plan.dispatches.map((dispatch, i) => {
    const entries = dispatch.operands.map((name, binding) => {
      const buffer = buffers.get(name);
      if (!buffer) throw new Error(`The plan wants ${name}, which was not given.`);
      return { binding, resource: { buffer } };
    });
    if (dispatch.kernel.hasParams) {
      const words = packParams(dispatch.params);
      const buffer = device.createBuffer({ size: words.byteLength, usage: uniform });
      device.queue.writeBuffer(buffer, 0, words);
      entries.push({ binding: entries.length, resource: { buffer } });
    }
    return device.createBindGroup({ layout: pipelines[i].getBindGroupLayout(0), entries });
  });
  return { pipelines, bindGroups, buffers };
}

function pipelineOf({ device, pipelines }: TestDevice, kernel: Kernel): Promise<GPUComputePipeline> {
  const known = pipelines.get(kernel.code);
  if (known) return known;
  const made = device.createComputePipelineAsync({
    label: kernel.label,
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: kernel.code }), entryPoint: 'main' },
  });
  pipelines.set(kernel.code, made);
  return made;
}

/** Records a plan's dispatches, in order. */
function encode(pass: GPUComputePassEncoder, plan: Plan, prepared: PreparedPlan): void {
  plan.dispatches.forEach((dispatch, i) => {
    pass.setPipeline(prepared.pipelines[i]);
    pass.setBindGroup(0, prepared.bindGroups[i]);
    pass.dispatchWorkgroups(...dispatch.workgroups);
  });
}

/** Runs a plan once and reads the whole output buffer; throws what the error scopes and the device report. */
export async function runPlan(test: TestDevice, plan: Plan, host: HostOperands): Promise<ArrayBuffer> {
  const { device } = test;
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('internal');
  const prepared = await prepare(test, plan, host);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass, plan, prepared);
  pass.end();
  const output = prepared.buffers.get('output')!;
  const staging = device.createBuffer({ size: output.size, usage: 0x1 | 0x8 });
  encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
  device.queue.submit([encoder.finish()]);
  for (const scope of await Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()])) {
    if (scope) throw new Error(scope.message);
  }
  await staging.mapAsync(0x1);
  const result = staging.getMappedRange().slice(0);
  staging.destroy();
  for (const buffer of prepared.buffers.values()) buffer.destroy();
  if (test.errors.length > 0) throw new Error(test.errors.join('\n'));
  return result;
}

function align(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}

function padded(data: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(align(data.byteLength));
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return bytes;
}
