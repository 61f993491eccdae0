/** What a child process says of the graph of a seed. */
export interface Outcome {
  readonly seed: number;
  /** 'refused': onnxruntime does not take the graph, so that there is nothing to compare. */
  readonly status: 'passed' | 'failed' | 'refused';
  readonly reason?: string;
  /** The graph's operators, in order. */
  readonly operators: readonly string[];
}
