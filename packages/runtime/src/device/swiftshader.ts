import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import envPaths from 'env-paths';
import { extract } from 'tar';

/** glibc's flag to keep a library loaded after its handle is closed. */
const RTLD_NODELETE = 0x1000;

export interface SwiftShader {
  /** The Vulkan ICD file that names the driver. */
  readonly icd: string;
  /** The Vulkan loader beside it. */
  readonly loader: string;
}

function packageArchive(): { archive: string; version: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve('@sparticuz/chromium');
    let folder = dirname(entry);
    while (!existsSync(join(folder, 'bin', 'swiftshader.tar.br'))) {
      if (dirname(folder) === folder) return undefined;
      folder = dirname(folder);
    }
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { archive: join(folder, 'bin', 'swiftshader.tar.br'), version };
  } catch {
    return undefined;
  }
}

/**
 * SwiftShader out of the optional package `@sparticuz/chromium`, unpacked once into the user's cache folder
 * (TESSERA_CACHE overrides it). Undefined where the package is not installed or does not fit the platform (Linux x64).
 */
export async function unpackSwiftShader(): Promise<SwiftShader | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const found = packageArchive();
  if (!found) return undefined;
  const cache = process.env.TESSERA_CACHE ?? envPaths('tessera', { suffix: '' }).cache;
  const folder = join(cache, `swiftshader-${found.version}`);
  if (!existsSync(join(folder, 'vk_swiftshader_icd.json'))) await unpack(found.archive, cache, folder);
  return { icd: join(folder, 'vk_swiftshader_icd.json'), loader: join(folder, 'libvulkan.so.1') };
}

/** Unpacks beside the target and renames, so that processes starting together see all of it or nothing. */
async function unpack(archive: string, cache: string, folder: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, 'unpack-'));
  try {
    await pipeline(Readable.from([readFileSync(archive)]), createBrotliDecompress(), extract({ cwd: partial }));
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(join(folder, 'vk_swiftshader_icd.json'))) throw error;
  }
}

/**
 * Loads a Vulkan loader into the process under its soname, so that Dawn's own dlopen finds it where the system has
 * none. False where it cannot be loaded.
 */
export function preloadVulkanLoader(loader: string): boolean {
  try {
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_LAZY | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    // The library is no addon of Node's, which is said once it is loaded; it stays loaded.
    return error instanceof Error && error.message.includes('did not self-register');
  }
}
