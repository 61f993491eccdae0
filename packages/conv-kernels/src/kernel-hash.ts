import type { Plan } from './plan.js';

/** 16 hexadecimal digits that differ where a plan's shader texts or grids do: two FNV-1a hashes of 32 bits. */
export function kernelHash(plan: Plan): string {
  let low = 0x811c9dc5;
  let high = 0x050c5d1f;
  for (const { kernel, workgroups } of plan.dispatches) {
    const text = `${kernel.code}\n${workgroups.join('x')}\n`;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x01000193) ^ (low >>> 15);
    }
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
