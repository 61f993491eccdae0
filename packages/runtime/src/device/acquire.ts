import { isMainThread } from 'node:worker_threads';
import type { Ceilings } from '@tessera/conv-kernels';
import type { AdapterChoice, AdapterReport } from '../api.js';
import { TesseraError } from '../errors.js';
import { dawnInstance, icdVariables, pipelineThreads } from './dawn.js';
import { openDevice, type FoundAdapter, type GpuDevice } from './device.js';
import { adapterReport, isSoftware } from './profile.js';
import { preloadVulkanLoader, unpackSwiftShader } from './swiftshader.js';

/** Which adapter to open, and how. */
export interface AcquireOptions {
  /** Defaults to the environment variable TESSERA_ADAPTER, then to 'auto'. */
  readonly adapter?: AdapterChoice;
  /** What `measureCeilings` gave on this adapter, for the choice of kernels; without it, defaults of its kind count. */
  readonly ceilings?: Ceilings;
  /**
   * Bytes of GPU memory that sessions on the device may hold together; without it, what the GPU has. Where it would be
   * exceeded, programs and weights of idle sessions go first (their next run makes them anew); then it is OUT_OF_MEMORY.
   */
  readonly memoryBudget?: number;
  /**
   * Leaves Dawn's own checks of indices in every shader, and its clearing of workgroup memory; in browsers they always
   * are. Without it the environment variable TESSERA_GUARDED counts: '1' leaves them in. The kernels do not need them.
   */
  readonly guarded?: boolean;
}

interface Candidate {
  readonly adapter: GPUAdapter;
  readonly source: AdapterReport['source'];
  /** The WGSL language features of its instance. */
  readonly language: ReadonlySet<string>;
}

let systemLoader: boolean | undefined;

/** Whether the system has a Vulkan loader. Dawn complains at length on stderr where there is none, so it is not asked then. */
function hasSystemLoader(): boolean {
  systemLoader ??= process.platform !== 'linux' || preloadVulkanLoader('libvulkan.so.1');
  return systemLoader;
}

/** The system's adapters, real GPUs first. */
async function systemAdapters(guarded: boolean): Promise<Candidate[]> {
  if (!hasSystemLoader()) return [];
  const gpu = await dawnInstance(guarded);
  const found: GPUAdapter[] = [];
  const requests: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request);
    if (adapter && !found.some((other) => describe(other) === describe(adapter))) found.push(adapter);
  }
  found.sort((a, b) => Number(isSoftware(a.info)) - Number(isSoftware(b.info)));
  return found.map((adapter) => ({ adapter, source: 'system', language: gpu.wgslLanguageFeatures }));
}

/**
 * SwiftShader out of its package, through the system's Vulkan loader or the one packed with it. The loader learns of it by
 * variables of the process's environment, which a worker thread can set only where it shares them.
 */
async function embeddedAdapters(guarded: boolean): Promise<Candidate[]> {
  const swiftShader = await unpackSwiftShader();
  if (!swiftShader) return [];
  const saved = icdVariables.map((name) => process.env[name]);
  for (const name of icdVariables) process.env[name] = swiftShader.icd;
  try {
    if (!hasSystemLoader()) preloadVulkanLoader(swiftShader.loader);
    const gpu = await dawnInstance(guarded);
    const adapter = await gpu.requestAdapter();
    if (!adapter || !isSwiftShader(adapter.info)) return [];
    return [{ adapter, source: 'embedded', language: gpu.wgslLanguageFeatures }];
  } finally {
    icdVariables.forEach((name, i) => {
      if (saved[i] === undefined) delete process.env[name];
      else process.env[name] = saved[i];
    });
  }
}

function describe({ info }: GPUAdapter): string {
  return `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
}

function isSwiftShader({ architecture, description }: GPUAdapterInfo): boolean {
  return /swiftshader/i.test(`${architecture} ${description}`);
}

const systemRemedy =
  'On Linux install a GPU driver with Vulkan, or Mesa 23 or newer (package mesa-vulkan-drivers), or the npm package @sparticuz/chromium, whose SwiftShader is used where nothing else is found.';

const workerRemedy =
  'SwiftShader is found in a worker thread that shares the environment: new Worker(file, { env: SHARE_ENV }).';

async function candidates(choice: AdapterChoice, guarded: boolean): Promise<Candidate[]> {
  switch (choice) {
    case 'swiftshader':
      return embeddedAdapters(guarded);
    case 'gpu':
      return (await systemAdapters(guarded)).filter(({ adapter }) => !isSoftware(adapter.info));
    case 'system':
      return (await systemAdapters(guarded)).filter(({ adapter }) => isSoftware(adapter.info));
    case 'auto': {
      const system = await systemAdapters(guarded);
      return system.length > 0 ? system : embeddedAdapters(guarded);
    }
    default: {
      const wanted = choice.toLowerCase();
      const matches = (c: Candidate) => describe(c.adapter).toLowerCase().includes(wanted);
      const system = (await systemAdapters(guarded)).filter(matches);
      return system.length > 0 ? system : (await embeddedAdapters(guarded)).filter(matches);
    }
  }
}

async function findAdapter(choice: AdapterChoice, guarded: boolean): Promise<FoundAdapter> {
  const [found] = await candidates(choice, guarded);
  if (!found) throw await noAdapter(choice);
  const { adapter, source, language } = found;
  const report = (features: readonly string[]) => adapterReport(adapter.info, features, source);
  return { adapter, report, language, pipelineThreads };
}

/** That nothing fits the choice, with the adapters that there are and what would help. */
async function noAdapter(choice: AdapterChoice): Promise<TesseraError> {
  const names = choice === 'auto' ? [] : (await listAdapters()).map(({ name }) => name);
  const others = names.length > 0 ? `; there is ${names.join(' and ')}` : '';
  const what = choice === 'auto' ? 'no WebGPU adapter was found' : `no WebGPU adapter fits "${choice}"${others}`;
  const isName = !['auto', 'gpu', 'system', 'swiftshader'].includes(choice);
  if (isName && others)
    return new TesseraError('NO_ADAPTER', what, { remedy: 'name an adapter that there is, or a part of its name' });
  const remedy = isMainThread ? systemRemedy : `${systemRemedy} ${workerRemedy}`;
  return new TesseraError('NO_ADAPTER', `${what}. ${remedy}`, { remedy });
}

/**
 * Finds an adapter and opens a device with the features and limits it has. Order: a real GPU, the system's software
 * adapter, embedded SwiftShader. Throws NO_ADAPTER where the choice finds none.
 */
export async function acquireDevice(options: AcquireOptions = {}): Promise<GpuDevice> {
  const choice = options.adapter ?? (process.env.TESSERA_ADAPTER || 'auto');
  const guarded = options.guarded ?? process.env.TESSERA_GUARDED === '1';
  return openDevice(() => findAdapter(choice, guarded), options);
}

/** Every adapter that `acquireDevice` could take, in its order, each with all features that it has. */
export async function listAdapters(): Promise<AdapterReport[]> {
  const found = [...(await systemAdapters(false)), ...(await embeddedAdapters(false))];
  return found.map(({ adapter, source }) => adapterReport(adapter.info, [...adapter.features], source));
}
