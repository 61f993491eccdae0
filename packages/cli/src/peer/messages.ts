import type { Tensor } from '@tessera/runtime';
import type { PeerName } from './onnxruntime.js';

/** What the peer's process is asked; it answers each request by one message. */
export type Request =
  | {
      readonly kind: 'open';
      readonly peer: PeerName;
      readonly model: string;
      readonly feeds: Readonly<Record<string, Tensor>>;
    }
  | { readonly kind: 'run'; readonly withOutputs: boolean };

export type Answer =
  | { readonly kind: 'opened'; readonly version: string; readonly sessionMs: number }
  | { readonly kind: 'ran'; readonly ms: number; readonly outputs?: Readonly<Record<string, Tensor>> }
  | { readonly kind: 'failed'; readonly reason: string };
