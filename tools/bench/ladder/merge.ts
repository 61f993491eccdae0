import type { LayerFigures } from './measure.js';
import type { LadderReport } from './report.js';

/**
 * One report of several of one adapter, called `name`: of a layer that several have, the last counts, in the place of the first. Ceilings and
 * date are those of the last, and the command says nothing of where they were written. Throws an error where a driver or clock differs.
 */
export function mergeLadders(reports: readonly LadderReport[], name: string): LadderReport {
  const [first] = reports;
  const last = reports[reports.length - 1];
  for (const { driver, isProcessorTime } of reports) {
    if (driver !== first.driver) throw new Error(`the records are of drivers ${first.driver} and ${driver}`);
    if (isProcessorTime !== first.isProcessorTime)
      throw new Error('one record counts processor time, another does not');
  }
  const layers = new Map<string, LayerFigures>();
  for (const layer of reports.flatMap((report) => report.layers)) {
    layers.set([layer.set, layer.layer, layer.batch, layer.elementType].join(), layer);
  }
  const command = [...new Set(reports.map((report) => withoutFolder(report.command)))].join('; ');
  const peer = reports.findLast((report) => report.peer !== undefined)?.peer;
  return { ...last, peer, adapter: name, command, layers: [...layers.values()] };
}

function withoutFolder(command: string): string {
  return command.replace(/ --out(=| )\S+/, '');
}
