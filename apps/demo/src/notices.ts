import type { AdapterReport } from './engine/messages.js';

/** What a failure means for the visitor, and what still works, by the code of the error. */
const failures: Readonly<Record<string, string>> = {
  NO_ADAPTER:
    'This browser offers no WebGPU here, so no network can run; drawing, choosing pictures and bicubic upscaling still work. A current Chrome, Edge, Safari or Firefox on a machine with a GPU runs everything.',
  DEVICE_LOST:
    'The GPU was lost, by a driver reset or another program. The next run takes it up again; nothing on this page has to be loaded anew.',
  OUT_OF_MEMORY:
    'The GPU has too little free memory for this. Smaller pictures and models still work; closing other tabs may free some.',
  UNSUPPORTED_DEVICE: 'This GPU cannot do that; other models and settings still work.',
  UNSUPPORTED_OPERATOR: 'This model needs operators that the runtime does not have; other models still work.',
};

/** One plain sentence or two about an error: what it means, then what the runtime said. */
export function failureText(code: string, message: string): string {
  const meaning = failures[code];
  return meaning ? `${meaning} (${message})` : message;
}

/** What the visitor should know of the adapter before using it. */
export function adapterNotices({ kind, features }: AdapterReport): string[] {
  const notices: string[] = [];
  if (kind === 'software') {
    notices.push(
      'This browser computes WebGPU on the processor: every answer is right, and hundreds of times slower than on a GPU.',
    );
  }
  if (!features.includes('timestamp-query')) {
    notices.push('Layers cannot be timed here, for lack of timestamp queries; whole runs are.');
  }
  if (!features.includes('shader-f16')) {
    notices.push('There is no 16-bit arithmetic here; everything is computed in 32 bits, with the same answers.');
  }
  return notices;
}
