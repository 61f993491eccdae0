import { TesseraError } from '../errors.js';
import type { Program, ProgramChecks } from './types.js';

/** Throws NOT_FINITE with the first node that made an infinity or a NaN, if one did; `bytes` are those of the counts. */
export function requireFinite({ nodes }: Program, checks: ProgramChecks, bytes: ArrayBuffer): void {
  const counts = new Uint32Array(bytes, 0, checks.nodes.length);
  const first = counts.findIndex((count) => count > 0);
  if (first === -1) return;
  const { name, opType, shape } = nodes[checks.nodes[first]];
  const total = shape.reduce((product, size) => product * size, 1);
  throw new TesseraError(
    'NOT_FINITE',
    `node "${name}" (${opType}) is the first to give infinities or NaN: ${counts[first]} of ${total} values`,
    { node: name },
  );
}
