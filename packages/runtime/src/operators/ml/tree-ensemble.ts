import { fromNumbers, showDims, toNumbers } from '../helpers.js';
import type { EvaluateContext, NodeContext, Operator } from '../types.js';

type Test = (feature: number, split: number) => boolean;

/** By nodes_modes; mode 6 asks for membership in a set. */
const tests: readonly Test[] = [
  (feature, split) => feature <= split,
  (feature, split) => feature < split,
  (feature, split) => feature >= split,
  (feature, split) => feature > split,
  (feature, split) => feature === split,
  (feature, split) => feature !== split,
];
const memberMode = 6;

interface Branch {
  readonly isLeaf: boolean;
  readonly to: number;
}

interface Forest {
  readonly features: readonly number[];
  readonly passes: (node: number, feature: number) => boolean;
  readonly whenTrue: readonly Branch[];
  readonly whenFalse: readonly Branch[];
  readonly roots: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
}

function numbers(context: NodeContext, name: string): readonly number[] {
  const tensor = context.attributes.tensor(name);
  return tensor ? [...toNumbers(tensor)] : context.fail(`attribute ${name} is missing`);
}

/** The sets of the nodes that ask for membership, which NaN ends. */
function readSets(context: NodeContext, modes: readonly number[]): ReadonlyMap<number, ReadonlySet<number>> {
  const sets = new Map<number, Set<number>>();
  const members = modes.flatMap((mode, node) => (mode === memberMode ? [node] : []));
  if (members.length === 0) return sets;
  let next = 0;
  let current = new Set<number>();
  for (const value of numbers(context, 'membership_values')) {
    if (!Number.isNaN(value)) current.add(value);
    else {
      sets.set(members[next++], current);
      current = new Set();
    }
  }
  if (next < members.length) sets.set(members[next], current);
  return sets;
}

function readForest(context: NodeContext): Forest {
  const { attributes } = context;
  const modes = numbers(context, 'nodes_modes');
  const splits = numbers(context, 'nodes_splits');
  const sets = readSets(context, modes);
  const missing = attributes.ints('nodes_missing_value_tracks_true', []);
  const branches = (side: 'true' | 'false') => {
    const leafs = attributes.ints(`nodes_${side}leafs`);
    return attributes.ints(`nodes_${side}nodeids`).map((to, i) => ({ isLeaf: leafs[i] !== 0, to }));
  };
  const wrong = modes.find((mode) => mode !== memberMode && !tests[mode]);
  if (wrong !== undefined) context.fail(`nodes_modes holds ${wrong}; modes are 0 to 6`);
  return {
    features: attributes.ints('nodes_featureids'),
    passes(node, feature) {
      if (Number.isNaN(feature) && missing[node]) return true;
      return modes[node] === memberMode
        ? (sets.get(node)?.has(feature) ?? false)
        : tests[modes[node]](feature, splits[node]);
    },
    whenTrue: branches('true'),
    whenFalse: branches('false'),
    roots: attributes.ints('tree_roots'),
    targets: attributes.ints('leaf_targetids'),
    weights: numbers(context, 'leaf_weights'),
  };
}

/** The leaf that a row comes to from a root. A tree whose nodes lead in a circle is refused. */
function leafOf(context: NodeContext, forest: Forest, row: Float64Array, root: number): number {
  let node = root;
  for (let steps = 0; steps <= forest.features.length; steps++) {
    const branch = (forest.passes(node, row[forest.features[node]]) ? forest.whenTrue : forest.whenFalse)[node];
    if (!branch) return context.fail(`node ${node} of a tree does not exist`);
    if (branch.isLeaf) return branch.to;
    node = branch.to;
  }
  return context.fail(`the nodes of the tree from ${root} lead in a circle`);
}

const aggregates: readonly ((values: readonly number[], trees: number) => number)[] = [
  (values, trees) => sum(values) / trees,
  (values) => sum(values),
  (values) => (values.length > 0 ? Math.min(...values) : 0),
  (values) => (values.length > 0 ? Math.max(...values) : 0),
];

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  return powers.map((power) => power / sum(powers));
}

/** By post_transform: none, softmax, logistic, softmax that leaves zeros, probit. */
const transforms: readonly ((scores: readonly number[]) => readonly number[])[] = [
  (scores) => scores,
  softmax,
  (scores) => scores.map((score) => 1 / (1 + Math.exp(-score))),
  (scores) => {
    const kept = softmax(scores.filter((score) => score !== 0));
    return scores.map((score) => (score === 0 ? 0 : kept.shift()!));
  },
  (scores) => scores.map(probit),
];

/** The inverse of the normal distribution's function, by Winitzki's approximation of the inverse error function (2008). */
function probit(chance: number): number {
  const x = 2 * chance - 1;
  const log = Math.log(1 - x * x);
  const a = 2 / (Math.PI * 0.147) + log / 2;
  return Math.SQRT2 * Math.sign(x) * Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
}

function evaluate(context: EvaluateContext) {
  const x = context.input(0);
  if (x.dims.length !== 2) context.fail(`the input has the shape ${showDims(x.dims)}; it must be [rows, features]`);
  const forest = readForest(context);
  const count = context.attributes.int('n_targets');
  const aggregate = aggregates[context.attributes.int('aggregate_function', 1)];
  const transform = transforms[context.attributes.int('post_transform', 0)];
  if (!aggregate || !transform) context.fail('aggregate_function must be 0 to 3, and post_transform 0 to 4');
  const values = toNumbers(x);
  const [rows, width] = x.dims;
  const wide = forest.features.find((feature) => feature < 0 || feature >= width);
  if (wide !== undefined) context.fail(`a node looks at feature ${wide}; the input has ${width}`);
  const scores = Array.from({ length: rows }, (_, i) => {
    const row = values.subarray(i * width, (i + 1) * width);
    const leaves = forest.roots.map((root) => leafOf(context, forest, row, root));
    const scoreOf = (target: number) => {
      const own = leaves.filter((leaf) => forest.targets[leaf] === target);
      return aggregate(
        own.map((leaf) => forest.weights[leaf]),
        forest.roots.length,
      );
    };
    return transform(Array.from({ length: count }, (_, target) => scoreOf(target)));
  });
  return [fromNumbers(x.dataType, [rows, count], scores.flat())];
}

/** TreeEnsemble: decision trees whose leaves are summed, averaged, or compared. */
export const treeEnsembleOperators: readonly Operator[] = [
  {
    type: 'TreeEnsemble',
    domain: 'ai.onnx.ml',
    since: 5,
    infer(context) {
      const { dataType, shape } = context.type(0);
      return [{ dataType, shape: [shape?.[0] ?? context.unknown(), context.attributes.int('n_targets')] }];
    },
    evaluate,
  },
];
