import type { Tensor } from '@tessera/runtime';
import { asRequestError, RequestError } from './errors.js';
import type { Metrics, Protocol } from './metrics.js';
import type { LoadedModel, ModelRegistry } from './models/registry.js';
import type { InferRequest, RequestLimits } from './protocol/infer.js';

export interface ServiceLimits extends RequestLimits {
  /** Inference requests under way at a time. */
  readonly requests: number;
  /** Milliseconds that one may take. */
  readonly timeoutMs: number;
}

/** A request that names a model and can be decoded. */
export interface Call<R extends InferRequest> {
  readonly protocol: Protocol;
  readonly model: string;
  readonly version: string | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  decode(): R;
}

/** A request with its results. */
export interface Answer<R extends InferRequest> {
  readonly model: LoadedModel;
  readonly request: R;
  readonly results: Readonly<Record<string, Tensor>>;
}

/** What both protocols do with an inference request: bounds, time, metrics. */
export class InferenceService {
  #underWay = 0;
  /** Set when the server stops: it is no longer ready, but answers what comes. */
  draining = false;
  /** Set when connections are no longer kept for another request. */
  closing = false;

  constructor(
    readonly registry: ModelRegistry,
    readonly metrics: Metrics,
    readonly limits: ServiceLimits,
  ) {}

  get isReady(): boolean {
    return !this.draining && this.registry.isReady;
  }

  /** Runs a request and lets `answer` encode the results, all of which is timed. Throws RequestError, and nothing else. */
  async infer<R extends InferRequest, T>(call: Call<R>, answer: (answer: Answer<R>) => T): Promise<T> {
    const { metrics, limits } = this;
    let labels = { model: '', version: '' };
    const started = performance.now();
    this.#underWay += 1;
    metrics.inFlight.set(this.#underWay);
    let failure: RequestError | undefined;
    try {
      if (this.#underWay > limits.requests)
        throw new RequestError('overloaded', `${limits.requests} requests are under way, which is as many as may be`);
      const model = this.registry.get(call.model, call.version);
      labels = { model: model.name, version: model.version };
      const request = call.decode();
      const results = await this.#run(model, request, call.signal);
      return answer({ model, request, results });
    } catch (error) {
      failure = asRequestError(error);
      throw failure;
    } finally {
      this.#underWay -= 1;
      metrics.inFlight.set(this.#underWay);
      const { protocol } = call;
      const done = protocol === 'http' ? 200 : 0;
      metrics.requests.inc({ ...labels, protocol, code: failure?.status[protocol] ?? done });
      metrics.latency.observe({ ...labels, protocol }, (performance.now() - started) / 1000);
    }
  }

  async #run(model: LoadedModel, request: InferRequest, gone: AbortSignal): Promise<Answer<InferRequest>['results']> {
    // Not by AbortSignal.timeout, whose timer, and all that hangs on it, would outlive the request.
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(tooLong(this.limits.timeoutMs)), this.limits.timeoutMs);
    const leave = () => ended.abort(new RequestError('unavailable', 'the client is gone'));
    gone.addEventListener('abort', leave, { once: true });
    if (gone.aborted) leave();
    try {
      return await model.pool.run(request.inputs, { outputs: request.outputs, signal: ended.signal });
    } finally {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
    }
  }
}

function tooLong(timeoutMs: number): RequestError {
  return new RequestError('timeout', `the request took more than ${timeoutMs / 1000} s`);
}
