import { TesseraError } from '../errors.js';
import { openDevice, type FoundAdapter, type GpuDevice, type OpenOptions } from './device.js';
import { adapterReport } from './profile.js';

/** The browser's WebGPU device. Throws NO_ADAPTER where the browser has no WebGPU or no adapter. */
export async function acquireBrowserDevice(options: OpenOptions = {}): Promise<GpuDevice> {
  return openDevice(findAdapter, options);
}

async function findAdapter(): Promise<FoundAdapter> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator ?? {};
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!gpu || !adapter) {
    const what = gpu ? 'this browser found no WebGPU adapter' : 'this browser has no WebGPU';
    throw new TesseraError(
      'NO_ADAPTER',
      `${what}; use a current Chrome, Edge, Safari or Firefox on a machine with a GPU`,
    );
  }
  const report = (features: readonly string[]) => adapterReport(adapter.info, features, 'browser');
  return { adapter, report, language: gpu.wgslLanguageFeatures };
}
