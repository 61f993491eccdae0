import { shapeText } from '../inputs/values.js';
import { exponent, plainNumber, printable, shorten } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable } from '../report/table.js';
import type { ComparedValue, CompareReport, Verdict } from './types.js';

const NAME_WIDTH = 40;

const paint: Readonly<Record<Verdict, 'green' | 'red' | 'yellow'>> = {
  agrees: 'green',
  differs: 'red',
  overflows: 'red',
  imprecise: 'yellow',
};

function row({ layer, opType, value, shape, difference, problem, verdict }: ComparedValue, colors: Colors): string[] {
  const worst = difference?.worst;
  return [
    shorten(printable(layer), NAME_WIDTH),
    opType,
    shorten(printable(value), NAME_WIDTH),
    shapeText(shape),
    difference ? exponent(difference.maxAbsolute) : '',
    difference ? exponent(difference.relative) : '',
    difference && difference.wrong > 0 ? `${difference.wrong} of ${difference.elements}` : '',
    worst ? `[${worst.index.join(',')}]` : '',
    worst ? plainNumber(worst.ours) : '',
    worst ? plainNumber(worst.reference) : '',
    colors[paint[verdict]](problem ?? verdict),
  ];
}

function table(values: readonly ComparedValue[], colors: Colors): string {
  const left = 'left' as const;
  const columns = [
    { title: 'Layer', align: left },
    { title: 'Operator', align: left },
    { title: 'Value', align: left },
    { title: 'Shape', align: left },
    { title: 'max|diff|' },
    { title: 'relative' },
    { title: 'beyond' },
    { title: 'worst at' },
    { title: 'ours' },
    { title: 'reference' },
    { title: '', align: left },
  ];
  return textTable(
    columns,
    values.map((value) => row(value, colors)),
    colors,
  );
}

function describeDivergence({ layer, opType, value, origins, shape, difference, problem }: ComparedValue): string {
  const nodes = origins.length > 1 ? `, standing for ${origins.map(printable).join(', ')}` : '';
  const what = `node ${printable(layer)} (${opType}${nodes}), value ${printable(value)} ${shapeText(shape)}`;
  const worst = difference?.worst;
  if (!worst) return `${what}: ${problem ?? 'it differs'}`;
  const at = `at [${worst.index.join(', ')}] ours is ${plainNumber(worst.ours)} and the reference's ${plainNumber(worst.reference)}`;
  return `${what}: ${at}; ${difference.wrong} of ${difference.elements} elements beyond the tolerance`;
}

function halfLines(report: CompareReport): string[] {
  const beyond = report.layers.filter(({ beyondHalf }) => beyondHalf > 0);
  if (beyond.length === 0) return [];
  const [first] = beyond;
  const largest = Math.max(...beyond.map(({ difference }) => difference?.maxReference ?? 0));
  const verb = report.precision === 'fp16' ? 'overflow' : 'would overflow';
  return [
    `fp16: ${beyond.length} values pass 65504 and ${verb}, the first at node ${printable(first.layer)} (${first.beyondHalf} elements); the largest is ${plainNumber(largest)}`,
  ];
}

/** The report for people; `top` is how many layers are listed, the first that differs and the worst. */
export function formatCompare(report: CompareReport, top: number, colors: Colors): string {
  const { layers, outputs, firstDivergence, notCompared, rtol, atol } = report;
  const tolerance = `rtol ${rtol}, atol ${atol ?? 'rtol times the largest value'}`;
  const noted = layers.filter(({ verdict }) => verdict !== 'agrees');
  const worst = [...layers].sort((a, b) => (b.difference?.relative ?? Infinity) - (a.difference?.relative ?? Infinity));
  const shown = noted.length > 0 ? noted.slice(0, top) : worst.slice(0, Math.min(top, 5));
  const title =
    noted.length > 0 ? `Layers that do not agree (${shown.length} of ${noted.length})` : 'Layers furthest apart';
  const first = firstDivergence === null ? undefined : layers[firstDivergence];
  const lines = [
    `Model: ${report.model} on ${report.adapter.name}, precision ${report.precision}`,
    `Reference: ${report.reference}; ${tolerance}`,
    '',
    colors.bold('Outputs'),
    table(outputs, colors),
    ...(shown.length > 0 ? ['', colors.bold(title), table(shown, colors)] : []),
    '',
    ...(first ? [`${colors.red('First divergence')}: ${describeDivergence(first)}`] : []),
    ...halfLines(report),
    ...(notCompared.length > 0
      ? [`${notCompared.length} values are not in the reference: ${shorten(notCompared.map(printable).join(', '), 80)}`]
      : []),
    report.agrees
      ? colors.green(`All agree: ${outputs.length} outputs, ${layers.length} values of layers`)
      : colors.red(
          `They differ: ${noted.length} of ${layers.length} values of layers, ${outputs.filter(({ verdict }) => verdict !== 'agrees').length} of ${outputs.length} outputs`,
        ),
  ];
  return `${lines.join('\n')}\n`;
}
