import { shapeText } from '../inputs/values.js';
import { printable, shorten, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable } from '../report/table.js';
import { candidateName, type ExplainedLayer, type ExplainReport } from './report.js';

const ms = (seconds: number | undefined) => (seconds === undefined ? '' : significant(seconds * 1000));

function candidateRows({ candidates, pick }: ExplainedLayer, all: boolean, colors: Colors): string[][] {
  return candidates
    .filter(({ refusal }) => all || refusal === undefined)
    .map((candidate) => {
      const { predictedSeconds, measuredSeconds, rooflineFraction, refusal } = candidate;
      const name = candidateName(candidate);
      const isPick = name === pick;
      return [
        isPick ? colors.green(`  ${name}`) : `  ${name}`,
        ms(predictedSeconds),
        ms(measuredSeconds),
        rooflineFraction === undefined ? '' : (rooflineFraction * 100).toFixed(1),
        isPick ? colors.green('<-- picked') : (refusal ?? ''),
      ];
    });
}

/** For each layer its candidates, the pick marked; `all` lists those that refuse the layer too. */
export function formatExplanation(report: ExplainReport, all: boolean, colors: Colors): string {
  const rows = report.layers.flatMap((layer) => [
    [
      colors.bold(`${shorten(printable(layer.name), 60)} (${layer.opType}, ${shapeText(layer.shape)})`),
      '',
      '',
      '',
      layer.reason,
    ],
    ...candidateRows(layer, all, colors),
  ]);
  const left = 'left' as const;
  const table = textTable(
    [
      { title: 'Layer and candidates', align: left },
      { title: 'predicted ms' },
      { title: 'tuned ms' },
      { title: '% of roofline' },
      { title: 'reason', align: left },
    ],
    rows,
    colors,
  );
  const counts = new Map<string, number>();
  for (const { pick } of report.layers) counts.set(pick, (counts.get(pick) ?? 0) + 1);
  const picks = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}x`);
  const lines = [
    `Model: ${report.model} on ${report.adapter.name}, precision ${report.precision}`,
    '',
    ...(report.layers.length > 0 ? [table] : ['It has no convolutions and no matrix products.']),
    '',
    `Picks: ${picks.join(', ') || 'none'}`,
  ];
  return `${lines.join('\n')}\n`;
}
