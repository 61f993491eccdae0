import { createSecureContext } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { listenGrpc } from './grpc/server.js';
import type { ServeOptions } from './options.js';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied',
  ENOTFOUND: 'there is no such host',
};

type Addresses = Required<Pick<ServeOptions, 'host' | 'port' | 'grpcPort'>> & Pick<ServeOptions, 'tls'>;

/**
 * Listens with both protocols, or with HTTP alone.
 * @throws Error naming the address that cannot be listened on, and why.
 */
export async function listen(app: FastifyInstance, grpc: Server, { host, port, grpcPort, tls }: Addresses) {
  const address = (bound: number) => `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const url = await explained(`HTTP on ${address(port)}`, app.listen({ host, port }));
  if (grpcPort === false) return { url, grpcAddress: undefined };
  const bound = await explained(`gRPC on ${address(grpcPort)}`, listenGrpc(grpc, address(grpcPort), tls));
  return { url, grpcAddress: address(bound) };
}

async function explained<T>(what: string, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (cause) {
    const { message } = cause as Error;
    const code = Object.keys(reasons).find((each) => message.includes(each));
    throw new Error(`cannot listen for ${what}: ${code === undefined ? message : reasons[code]}`, { cause });
  }
}

/** Throws an Error where certificate and key are not a pair in PEM. */
export function requireTls(tls: ServeOptions['tls']): void {
  try {
    if (tls) createSecureContext(tls);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`the TLS certificate and key are not a pair in PEM: ${message}`, { cause });
  }
}
