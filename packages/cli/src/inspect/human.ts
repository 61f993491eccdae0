import type { InspectedValue, ModelInspection, NodeInspection, ValueMetadata } from '@tessera/runtime';
import { describeTensor, shapeText } from '../inputs/values.js';
import { byteSize, printable, shorten, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable } from '../report/table.js';
import { assumedHint } from '../workload.js';

function declared({ name, dataType, dims }: ValueMetadata): string {
  return `${printable(name)}: ${dims ? describeTensor(dataType, dims) : `${dataType} of any shape`}`;
}

function macText(macs: number): string {
  if (macs >= 1e9) return `${significant(macs / 1e9)} GMAC`;
  return macs >= 1e6 ? `${significant(macs / 1e6)} MMAC` : `${macs} MAC`;
}

/** Exact below 1000, else as `25.6 million`. */
function countText(count: number): string {
  return count < 1e6 ? String(count) : `${significant(count / 1e6)} million`;
}

function headLines(file: string, bytes: number, inspection: ModelInspection): string[] {
  const { irVersion, opsets, producer, inputs, outputs, parameters, parameterBytes, macs, uncounted } = inspection;
  const versions = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  const by = producer ? `, by ${printable(producer)}` : '';
  const nodes = uncounted === 1 ? 'node' : 'nodes';
  const missing = uncounted > 0 ? ` without ${uncounted} ${nodes} whose shapes are not known` : '';
  const dims = Object.entries(inspection.dims).map(([symbol, size]) => `${symbol} = ${size}`);
  return [
    `Model: ${file}, ${byteSize(bytes)}${by}, IR ${irVersion}, opsets ${versions.join(', ')}`,
    ...inputs.map((value) => `Input  ${declared(value)}`),
    ...outputs.map((value) => `Output ${declared(value)}`),
    `Parameters: ${countText(parameters)} in ${byteSize(parameterBytes)}`,
    `Arithmetic: ${macText(macs)}, ${significant((2 * macs) / 1e9)} GFLOP${missing}${dims.length > 0 ? ` with ${dims.join(', ')}` : ''}`,
  ];
}

function planLines({ plan, staged, refusal }: ModelInspection, assumed: readonly string[], colors: Colors): string[] {
  if (staged !== undefined) return [`Runs in stages: ${staged}; infer doctor MODEL says what runs where`];
  if (!plan) return [colors.red(`Cannot run: ${refusal}${assumedHint(assumed)}`)];
  const { memory, layers, dispatches, pipelines } = plan;
  const peak = memory.weightBytes + memory.inputBytes + memory.activationBytes;
  const most = Math.max(0, ...memory.liveBytes);
  return [
    `Runs as: ${layers.length} layers, ${dispatches} dispatches, ${pipelines} pipelines`,
    `Memory: ${byteSize(peak)} at most: weights ${byteSize(memory.weightBytes)}, inputs ${byteSize(memory.inputBytes)}, ` +
      `activations ${byteSize(memory.activationBytes)} in ${memory.allocations.length} buffers (at most ${byteSize(most)} alive at once)`,
  ];
}

function operatorTable({ operators }: ModelInspection, colors: Colors): string {
  const total = operators.reduce((sum, { macs }) => sum + macs, 0);
  const rows = operators.map(({ opType, domain, count, macs, isKnown }) => {
    const name = domain === '' ? opType : `${domain}.${opType}`;
    return [
      isKnown ? printable(name) : colors.red(`${printable(name)} (unknown)`),
      String(count),
      macs > 0 ? macText(macs) : '',
      macs > 0 ? ((macs / total) * 100).toFixed(1) : '',
    ];
  });
  return textTable(
    [{ title: 'Operator', align: 'left' }, { title: 'Nodes' }, { title: 'MACs' }, { title: '%' }],
    rows,
    colors,
  );
}

function valueText({ dataType, shape }: InspectedValue): string {
  if (!dataType) return '?';
  return shape ? `${dataType} ${shapeText(shape)}` : `${dataType} ?`;
}

function nodeTable(nodes: readonly NodeInspection[], colors: Colors): string {
  const rows = nodes.map(({ name, opType, outputs, macs, problem }) => [
    shorten(printable(name), 48),
    problem ? colors.red(opType) : opType,
    shorten(outputs.map(valueText).join(', '), 48),
    macs ? macText(macs) : '',
  ]);
  return textTable(
    [
      { title: 'Node', align: 'left' },
      { title: 'Operator', align: 'left' },
      { title: 'Gives', align: 'left' },
      { title: 'MACs' },
    ],
    rows,
    colors,
  );
}

/** `assumed`: the symbols of the inputs' shapes that nothing gave a size. */
export function formatInspection(
  file: string,
  bytes: number,
  inspection: ModelInspection,
  assumed: readonly string[],
  shownNodes: number,
  colors: Colors,
): string {
  const { nodes } = inspection;
  const hidden = nodes.length - shownNodes;
  const graph = shownNodes > 0 ? ['', nodeTable(nodes.slice(0, shownNodes), colors)] : [];
  const more = hidden > 0 && shownNodes > 0 ? [`${hidden} more nodes: --nodes ${nodes.length} shows all`] : [];
  const lines = [
    ...headLines(file, bytes, inspection),
    ...planLines(inspection, assumed, colors),
    '',
    operatorTable(inspection, colors),
    ...graph,
    ...more,
  ];
  return `${lines.join('\n')}\n`;
}
