import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild, sibling } from '../../verify/support/children.js';

/** Environment variables that make every Vulkan program see one adapter alone; empty where the system's choice stands. */
export type AdapterEnvironment = Readonly<Record<string, string>>;

const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

function alone(icd: string): AdapterEnvironment {
  return { VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd };
}

function lavapipe(): AdapterEnvironment {
  for (const folder of ICD_FOLDERS) {
    const name = existsSync(folder) ? readdirSync(folder).find((file) => /^lvp_icd.*\.json$/.test(file)) : undefined;
    if (name) return alone(join(folder, name));
  }
  throw new Error('no lavapipe is installed: on Debian and Ubuntu, the package mesa-vulkan-drivers holds it');
}

/** SwiftShader as Tessera unpacks it, with the Vulkan loader beside it for systems that have none. */
async function swiftShader(): Promise<AdapterEnvironment> {
  const cache = process.env.TESSERA_CACHE ?? join(tmpdir(), 'tessera-bench-cache');
  await runChild(sibling(import.meta.url, 'unpack'), {
    env: { TESSERA_CACHE: cache },
    silenceMs: 60_000,
    onMessage: () => undefined,
  });
  const name = readdirSync(cache).find((folder) => folder.startsWith('swiftshader-'));
  if (!name) throw new Error('SwiftShader could not be unpacked: it comes with the npm package @sparticuz/chromium');
  const folder = join(cache, name);
  const path = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { ...alone(join(folder, 'vk_swiftshader_icd.json')), LD_LIBRARY_PATH: path };
}

/** The environment in which both runtimes meet the same adapter. 'auto' and 'gpu' leave it as it is. */
export async function adapterEnvironment(adapter: string): Promise<AdapterEnvironment> {
  switch (adapter) {
    case 'auto':
    case 'gpu':
      return {};
    case 'system':
      return lavapipe();
    case 'swiftshader':
      return swiftShader();
    default:
      throw new Error(`--adapter ${adapter}: it must be auto, gpu, system or swiftshader`);
  }
}
