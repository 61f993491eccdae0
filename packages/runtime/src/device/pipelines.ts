import type { Kernel } from '@tessera/conv-kernels';
import { TesseraError } from '../errors.js';

/** Kernels that each thread of the implementation is given ahead, so that it works on while the calling thread is busy. */
const handedToEach = 2;

interface Waiting {
  readonly kernel: Kernel;
  readonly settle: (pipeline: GPUComputePipeline | Promise<GPUComputePipeline>) => void;
}

/**
 * Pipelines by the whole text of their shader, compiled once for each device. `threads`: how many the implementation
 * compiles at a time, where that is few and known; what goes beyond a few for each then waits here, where the calling thread can
 * take its share.
 */
export class PipelineCache {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  /** The next first; all those that are urgent before the others. */
  readonly #urgent: Waiting[] = [];
  readonly #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(
    readonly gpu: GPUDevice,
    readonly threads = Infinity,
  ) {}

  get(kernel: Kernel): Promise<GPUComputePipeline> {
    return this.#compiled(kernel, false);
  }

  #compiled(kernel: Kernel, isUrgent: boolean): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(kernel.code);
    if (!pipeline) {
      const queue = isUrgent ? this.#urgent : this.#waiting;
      pipeline = new Promise((settle) => queue.push({ kernel, settle }));
      this.#pipelines.set(kernel.code, pipeline);
      this.#advance();
    }
    return pipeline;
  }

  /** Begins to compile a kernel, before others where it is `urgent`; whoever asks for it later is told of a failure. */
  foresee(kernel: Kernel, urgent = false): void {
    this.#compiled(kernel, urgent).catch(() => {});
  }

  clear(): void {
    this.#pipelines.clear();
  }

  /**
   * Compiles kernels of distinct text side by side; the result maps text to pipeline. Of those that wait, the longest come
   * first: one that takes long is not to be left for the end.
   */
  async compileAll(
    kernels: readonly Kernel[],
    onProgress: (done: number, total: number) => void,
  ): Promise<ReadonlyMap<string, GPUComputePipeline>> {
    let done = 0;
    onProgress(0, kernels.length);
    const compiled = kernels.map(async (kernel) => {
      const pipeline = await this.get(kernel);
      onProgress(++done, kernels.length);
      return [kernel.code, pipeline] as const;
    });
    this.#waiting.sort((a, b) => b.kernel.code.length - a.kernel.code.length);
    return new Map(await Promise.all(compiled));
  }

  /**
   * Compiles on the calling thread what waits, the shortest first, beside the threads of the implementation. It is blocked by each
   * for as long as that takes, and free in between.
   */
  async help(): Promise<void> {
    for (;;) {
      const next = this.#urgent.shift() ?? this.#waiting.pop();
      if (!next) return;
      const pipeline = this.#compileHere(next.kernel);
      next.settle(pipeline);
      await pipeline.catch(() => {});
    }
  }

  #advance(): void {
    while (this.#underWay < this.threads * handedToEach) {
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      if (!next) return;
      this.#underWay += 1;
      const pipeline = this.#compile(next.kernel).finally(() => {
        this.#underWay -= 1;
        this.#advance();
      });
      next.settle(pipeline);
    }
  }

  async #compile(kernel: Kernel): Promise<GPUComputePipeline> {
    const descriptor = this.#describe(kernel);
    try {
      return await this.gpu.createComputePipelineAsync(descriptor);
    } catch (cause) {
      throw await compileFailure(kernel, descriptor, cause);
    }
  }

  async #compileHere(kernel: Kernel): Promise<GPUComputePipeline> {
    const filters: GPUErrorFilter[] = ['validation', 'internal'];
    for (const filter of filters) this.gpu.pushErrorScope(filter);
    const descriptor = this.#describe(kernel);
    const pipeline = this.gpu.createComputePipeline(descriptor);
    const errors = await Promise.all(filters.map(() => this.gpu.popErrorScope()));
    const error = errors.find((each) => each !== null);
    if (error) throw await compileFailure(kernel, descriptor, error);
    return pipeline;
  }

  #describe(kernel: Kernel): PipelineDescriptor {
    const { label, code } = kernel;
    const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map((b, binding) => ({
      binding,
      visibility: GPUShaderStageFlags.COMPUTE,
      buffer: { type: b.access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (kernel.hasParams) {
      entries.push({ binding: entries.length, visibility: GPUShaderStageFlags.COMPUTE, buffer: { type: 'uniform' } });
    }
    const layout = this.gpu.createPipelineLayout({ bindGroupLayouts: [this.gpu.createBindGroupLayout({ entries })] });
    const module = this.gpu.createShaderModule({ code, label });
    return { layout, compute: { module, entryPoint: 'main' }, label };
  }
}

type PipelineDescriptor = GPUComputePipelineDescriptor & { readonly compute: { readonly module: GPUShaderModule } };

/** WebGPU's flag values; the global constants exist only in browsers. */
const GPUShaderStageFlags = { COMPUTE: 4 } as const;

async function compileFailure(kernel: Kernel, { compute }: PipelineDescriptor, cause: unknown): Promise<TesseraError> {
  const { messages } = await compute.module.getCompilationInfo();
  const first = messages.find((m) => m.type === 'error');
  const what = `the kernel ${kernel.label} did not compile`;
  if (!first) {
    const told = (cause as Partial<GPUError>).message ?? String(cause);
    return new TesseraError('GPU_ERROR', `${what}: ${told}`, { cause });
  }
  const line = kernel.code.split('\n')[first.lineNum - 1] ?? '';
  const message = `${what}: line ${first.lineNum}: ${first.message} in "${line.trim()}"`;
  return new TesseraError('GPU_ERROR', message, { cause });
}
