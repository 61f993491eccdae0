import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LayerRun } from './measure.js';

/** What the vendor's library takes for the same convolutions, on the same machine. */
export interface PeerTimes {
  /** The library, and what it ran on. */
  readonly name: string;
  /** For each layer, in the order given. */
  readonly seconds: readonly number[];
}

const script = fileURLToPath(new URL('./cudnn.py', import.meta.url));

/** Times the plain convolutions of layers by cuDNN through PyTorch. Throws where Python, PyTorch or a CUDA device is missing. */
export function timeCudnn(runs: readonly LayerRun[]): PeerTimes {
  const problems = runs.map(({ layer, batch, elementType }) => {
    const { channels, size, kernel, stride, groups } = layer;
    const [inChannels, outChannels] = channels;
    const pad = Math.floor(kernel / 2);
    return { batch, elementType, inChannels, outChannels, size, kernel, stride, pad, groups };
  });
  const { status, stdout, stderr, error } = spawnSync('python3', [script], {
    input: JSON.stringify(problems),
    encoding: 'utf8',
  });
  if (error) throw new Error(`--cudnn needs python3 with PyTorch: ${error.message}`);
  if (status !== 0)
    throw new Error(`--cudnn needs python3 with PyTorch and a CUDA device: ${stderr.trim().split('\n').at(-1)}`);
  const { device, version, seconds } = JSON.parse(stdout) as {
    readonly device: string;
    readonly version: string;
    readonly seconds: readonly number[];
  };
  return { name: `cuDNN by ${version} on ${device}`, seconds };
}
