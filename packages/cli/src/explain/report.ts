import type { AdapterReport, LayerExplanation, Precision } from '@tessera/runtime';
import { readSavedReport } from '../report/saved.js';

type Candidate = LayerExplanation['candidates'][number];

/** All that `infer explain` reports, the document of --json, and what --assert compares with; keys are only ever added. */
export interface ExplainReport {
  readonly schema: 'tessera.explain';
  readonly version: 1;
  readonly model: string;
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly dims: Readonly<Record<string, number>>;
  readonly assumedDims: readonly string[];
  readonly layers: readonly ExplainedLayer[];
}

export interface ExplainedLayer extends LayerExplanation {
  /** The algorithm and variant picked. */
  readonly pick: string;
  readonly reason: string;
}

export const candidateName = ({ algorithm, variant }: Candidate) => [algorithm, variant].filter(Boolean).join(' ');

const secondsOf = ({ measuredSeconds, predictedSeconds }: Candidate) => measuredSeconds ?? predictedSeconds;

/** Why the first candidate is the pick, in a sentence. */
function reasonFor([first, ...rest]: readonly Candidate[]): string {
  if (!first || first.refusal !== undefined) return 'nothing takes this problem';
  const second = rest.find(({ refusal }) => refusal === undefined);
  if (!second) return 'nothing else takes this problem';
  const how = first.measuredSeconds !== undefined ? 'the fastest as tuned' : 'the fastest as predicted';
  const [a, b] = [secondsOf(first), secondsOf(second)];
  if (a === undefined || b === undefined || a <= 0) return how;
  return `${how}, ${(b / a).toFixed(2)}x before ${candidateName(second)}`;
}

export function explainLayer(layer: LayerExplanation): ExplainedLayer {
  const { forced, candidates } = layer;
  const [best] = candidates;
  const taken =
    forced === undefined ? best : candidates.find((each) => [each.algorithm, candidateName(each)].includes(forced));
  if (!taken || taken.refusal !== undefined) return { ...layer, pick: forced ?? 'none', reason: reasonFor(candidates) };
  return { ...layer, pick: candidateName(taken), reason: forced === undefined ? reasonFor(candidates) : 'asked for' };
}

/** Reads what `infer explain --json` printed. */
export function readExpectation(file: string): ExplainReport {
  return readSavedReport('--assert', file, 'explain');
}

/** Sentences on the layers whose pick is not the one expected; layers in one report alone count too. */
export function differingPicks(report: ExplainReport, expected: ExplainReport): string[] {
  const picks = ({ layers }: ExplainReport) => {
    const counts = new Map<string, number>();
    return new Map(
      layers.map(({ name, pick }) => {
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        return [count === 1 ? name : `${name} (${count})`, pick];
      }),
    );
  };
  const [now, then] = [picks(report), picks(expected)];
  const changed = [...now].flatMap(([node, pick]) => {
    const before = then.get(node);
    if (before === pick) return [];
    return [before === undefined ? `${node} is new, by ${pick}` : `${node} is computed by ${pick}, not by ${before}`];
  });
  return [...changed, ...[...then.keys()].filter((node) => !now.has(node)).map((node) => `${node} is gone`)];
}
