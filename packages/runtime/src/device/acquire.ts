import type { Ceilings } from '@tessera/conv-kernels';
import type { AdapterChoice, AdapterReport } from '../api.js';
import { TesseraError } from '../errors.js';
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
}

const toggles = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  // Rounds timestamps to 65,536 ns.
  'disable-dawn-features=timestamp_quantization',
];

/**
 * One instance of Dawn for each set of Vulkan drivers, by the variables that name them. They are kept for good: each
 * holds memory of its own, and one that is collected while its devices live crashes the process.
 */
const instances = new Map<string, GPU>();

const icdVariables = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES'] as const;

interface Candidate {
  readonly adapter: GPUAdapter;
  readonly source: AdapterReport['source'];
  /** The WGSL language features of its instance. */
  readonly language: ReadonlySet<string>;
}

async function dawnInstance(): Promise<GPU> {
  const key = JSON.stringify(icdVariables.map((name) => process.env[name]));
  const { create } = await import('webgpu');
  let gpu = instances.get(key);
  if (!gpu) instances.set(key, (gpu = create(toggles)));
  return gpu;
}

let systemLoader: boolean | undefined;

/** Whether the system has a Vulkan loader. Dawn complains at length on stderr where there is none, so it is not asked then. */
function hasSystemLoader(): boolean {
  systemLoader ??= process.platform !== 'linux' || preloadVulkanLoader('libvulkan.so.1');
  return systemLoader;
}

/** The system's adapters, real GPUs first. */
async function systemAdapters(): Promise<Candidate[]> {
  if (!hasSystemLoader()) return [];
  const gpu = await dawnInstance();
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

/** SwiftShader out of its package, through the system's Vulkan loader or the one packed with it. */
async function embeddedAdapters(): Promise<Candidate[]> {
  const swiftShader = await unpackSwiftShader();
  if (!swiftShader) return [];
  const saved = icdVariables.map((name) => process.env[name]);
  for (const name of icdVariables) process.env[name] = swiftShader.icd;
  try {
    if (!hasSystemLoader()) preloadVulkanLoader(swiftShader.loader);
    const gpu = await dawnInstance();
    const adapter = await gpu.requestAdapter();
    return adapter ? [{ adapter, source: 'embedded', language: gpu.wgslLanguageFeatures }] : [];
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

const remedy =
  'On Linux install a GPU driver with Vulkan, or Mesa 23 or newer (package mesa-vulkan-drivers), or the npm package @sparticuz/chromium, whose SwiftShader is used where nothing else is found.';

async function candidates(choice: AdapterChoice): Promise<Candidate[]> {
  switch (choice) {
    case 'swiftshader':
      return embeddedAdapters();
    case 'gpu':
      return (await systemAdapters()).filter(({ adapter }) => !isSoftware(adapter.info));
    case 'system':
      return (await systemAdapters()).filter(({ adapter }) => isSoftware(adapter.info));
    case 'auto': {
      const system = await systemAdapters();
      return system.length > 0 ? system : embeddedAdapters();
    }
    default: {
      const wanted = choice.toLowerCase();
      const matches = (c: Candidate) => describe(c.adapter).toLowerCase().includes(wanted);
      const system = (await systemAdapters()).filter(matches);
      return system.length > 0 ? system : (await embeddedAdapters()).filter(matches);
    }
  }
}

async function findAdapter(choice: AdapterChoice): Promise<FoundAdapter> {
  const [found] = await candidates(choice);
  if (!found) {
    const what = choice === 'auto' ? 'no WebGPU adapter was found' : `no WebGPU adapter fits "${choice}"`;
    throw new TesseraError('NO_ADAPTER', `${what}. ${remedy}`, { remedy });
  }
  const { adapter, source, language } = found;
  return { adapter, report: (features) => adapterReport(adapter.info, features, source), language };
}

/**
 * Finds an adapter and opens a device with the features and limits it has. Order: a real GPU, the system's software
 * adapter, embedded SwiftShader. Throws NO_ADAPTER where the choice finds none.
 */
export async function acquireDevice(options: AcquireOptions = {}): Promise<GpuDevice> {
  const choice = options.adapter ?? (process.env.TESSERA_ADAPTER || 'auto');
  return openDevice(() => findAdapter(choice), options);
}
