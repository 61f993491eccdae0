import type { Session, Tensor, TensorArray } from '@tessera/runtime';
import ort from 'onnxruntime-node';
import type { Answer } from './criteria.js';

/** A tensor that either runtime can be fed. */
export interface Feed {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export type Feeds = Readonly<Record<string, Feed>>;
export type Answers = Readonly<Record<string, Answer & { readonly type: string }>>;

/** A session of onnxruntime's CPU provider; with its graph optimizations off it computes node by node, in one thread. */
export function referenceSession(path: string, isOptimized = true): Promise<ort.InferenceSession> {
  const plain = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 } as const;
  return ort.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
    ...(isOptimized ? {} : plain),
  });
}

export async function runReference(session: ort.InferenceSession, feeds: Feeds): Promise<Answers> {
  const tensors = Object.entries(feeds).map(([name, { type, dims, data }]) => {
    return [name, new ort.Tensor(type as 'float32', data as Float32Array, dims)] as const;
  });
  const results = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => {
      const { type, dims, data } = value as ort.Tensor;
      return [name, { type, dims, data: data as ArrayLike<number | bigint>, isHalf: type === 'float16' }];
    }),
  );
}

export async function runOurs(session: Session, feeds: Feeds): Promise<Answers> {
  const tensors = Object.entries(feeds).map(([name, { type, dims, data }]): readonly [string, Tensor] => {
    return [name, { dataType: type as Tensor['dataType'], dims, data: data as TensorArray }];
  });
  const results = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(results).map(([name, { dataType, dims, data }]) => {
      const values = data as ArrayLike<number | bigint>;
      return [name, { type: dataType, dims, data: values, isHalf: dataType === 'float16' }];
    }),
  );
}
