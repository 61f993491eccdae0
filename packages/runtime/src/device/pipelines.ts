import type { Kernel } from '@tessera/conv-kernels';
import { TesseraError } from '../errors.js';

/** Pipelines by the whole text of their shader, compiled once for each device. */
export class PipelineCache {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(readonly gpu: GPUDevice) {}

  get(kernel: Kernel): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(kernel.code);
    if (!pipeline) {
      pipeline = this.#compile(kernel);
      this.#pipelines.set(kernel.code, pipeline);
    }
    return pipeline;
  }

  clear(): void {
    this.#pipelines.clear();
  }

  /**
   * Compiles kernels of distinct text side by side; the result maps text to pipeline. The longest come first, since
   * implementations compile few at a time (Dawn in Node two), and one that takes long is not to be left for the end.
   */
  async compileAll(
    kernels: readonly Kernel[],
    onProgress: (done: number, total: number) => void,
  ): Promise<ReadonlyMap<string, GPUComputePipeline>> {
    let done = 0;
    onProgress(0, kernels.length);
    const longestFirst = [...kernels].sort((a, b) => b.code.length - a.code.length);
    const compiled = longestFirst.map(async (kernel) => {
      const pipeline = await this.get(kernel);
      onProgress(++done, kernels.length);
      return [kernel.code, pipeline] as const;
    });
    return new Map(await Promise.all(compiled));
  }

  async #compile(kernel: Kernel): Promise<GPUComputePipeline> {
    const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map((b, binding) => ({
      binding,
      visibility: GPUShaderStageFlags.COMPUTE,
      buffer: { type: b.access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (kernel.hasParams) {
      entries.push({ binding: entries.length, visibility: GPUShaderStageFlags.COMPUTE, buffer: { type: 'uniform' } });
    }
    const layout = this.gpu.createPipelineLayout({ bindGroupLayouts: [this.gpu.createBindGroupLayout({ entries })] });
    const module = this.gpu.createShaderModule({ code: kernel.code, label: kernel.label });
    try {
      return await this.gpu.createComputePipelineAsync({
        layout,
        compute: { module, entryPoint: 'main' },
        label: kernel.label,
      });
    } catch (cause) {
      throw new TesseraError('GPU_ERROR', await compileFailure(kernel, module, cause), { cause });
    }
  }
}

/** WebGPU's flag values; the global constants exist only in browsers. */
const GPUShaderStageFlags = { COMPUTE: 4 } as const;

async function compileFailure(kernel: Kernel, module: GPUShaderModule, cause: unknown): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find((m) => m.type === 'error');
  if (!first)
    return `the kernel ${kernel.label} did not compile: ${cause instanceof Error ? cause.message : String(cause)}`;
  const line = kernel.code.split('\n')[first.lineNum - 1] ?? '';
  return `the kernel ${kernel.label} did not compile: line ${first.lineNum}: ${first.message} in "${line.trim()}"`;
}
