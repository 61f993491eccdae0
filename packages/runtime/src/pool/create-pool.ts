import type { Device, Session, SessionOptions } from '../api.js';
import type { AcquireOptions } from '../device/acquire.js';
import { TesseraError } from '../errors.js';
import { zeros, type Tensors } from './batch.js';
import { Pool } from './pool.js';
import type { PoolOptions, SessionPool } from './types.js';

/** How the platform opens devices and sessions. */
export interface PoolPlatform {
  acquireDevice(options: AcquireOptions): Promise<Device>;
  createSession(options: SessionOptions): Promise<Session>;
}

/** Opens a session on each device, and finds out what of batching can be known before the first request. */
export async function createPoolWith(platform: PoolPlatform, options: PoolOptions): Promise<SessionPool> {
  const { devices, adapters = [options.adapter], memoryBudget } = options;
  const given = devices ?? [];
  if (devices ? devices.length === 0 : adapters.length === 0)
    throw new TesseraError('INVALID_INPUT', 'a session pool needs at least one device or adapter');
  const own: Device[] = [];
  const sessions: Session[] = [];
  const release = () => own.forEach((device) => device.dispose());
  try {
    if (!devices) for (const adapter of adapters) own.push(await platform.acquireDevice({ adapter, memoryBudget }));
    for (const device of devices ? given : own) sessions.push(await platform.createSession({ ...options, device }));
    const pool = new Pool(sessions, options, release);
    const like = knownShapes(sessions[0], options);
    if (options.batching && like) await pool.prepare(like);
    return pool;
  } catch (error) {
    for (const session of sessions) session.dispose();
    release();
    throw error;
  }
}

/** Inputs of one row, where all sizes but the batch's are known. */
function knownShapes({ inputs }: Session, { dims = {} }: PoolOptions): Tensors | undefined {
  const shapes: Record<string, Tensors[string]> = {};
  for (const { name, dataType, dims: stated } of inputs) {
    const sizes = stated?.map((dim, axis) => (axis === 0 ? 1 : typeof dim === 'number' ? dim : dims[dim]));
    if (!sizes || sizes.some((size) => size === undefined)) return undefined;
    shapes[name] = zeros(dataType, sizes);
  }
  return shapes;
}
