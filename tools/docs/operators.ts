// Writes docs/operators.md: every operator, where it runs, and the cases of ONNX's backend tests that prove it.
//   npm run docs:operators [-- --check]
// With --check the file is compared only. The tests are those of TESSERA_SHARED (or `shared` beside the repository).
import { readFileSync, writeFileSync } from 'node:fs';
import { loadOnnx, type Graph, type Node } from '@tessera/onnx-loader';
import * as prettier from 'prettier';
import { listOperators } from '@tessera/runtime';
import { exclusionList, type Exclusions } from '../verify/conformance/exclusions.js';
import { listCases, unpackSuite } from '../verify/conformance/suite.js';
import { operatorPage, type Proof } from './page.js';

const target = new URL('../../docs/operators.md', import.meta.url);
const exclusionsFile = new URL('../verify/conformance/exclusions.json', import.meta.url);

const definitions = listOperators();

/** The nodes of a graph and of those inside it. */
function nodesOf(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => {
    const inner = [...node.attributes.values()].flatMap((each) => (each.type === 'graph' ? nodesOf(each.value) : []));
    return [node, ...inner];
  });
}

/** A case proves the operators of its model, and those best that are alone in it. */
function readProofs(root: string): readonly Proof[] {
  const exclusions = exclusionList(JSON.parse(readFileSync(exclusionsFile, 'utf8')) as Exclusions);
  const cases = listCases(root).filter(({ name }) => name.startsWith('node/') && !exclusions.reasonFor(name));
  return cases.map(({ name, model }) => {
    const { graph } = loadOnnx(new Uint8Array(readFileSync(model)));
    const types = [...graph.inputs, ...graph.outputs].flatMap(({ type }) => {
      if (type?.kind === 'tensor') return [type.dataType];
      return type ? [type.kind] : [];
    });
    const operatorNames = new Set(nodesOf(graph).map(({ domain, opType }) => `${domain}.${opType}`));
    return { name: name.slice('node/test_'.length), operators: operatorNames, types };
  });
}

const options = await prettier.resolveConfig(target);
const page = operatorPage(definitions, readProofs(await unpackSuite()));
const text = await prettier.format(page, { ...options, parser: 'markdown' });
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('docs/operators.md is not what the operators and the tests say: run npm run docs:operators');
    process.exit(1);
  }
  console.log('docs/operators.md is up to date');
} else {
  writeFileSync(target, text);
  console.log(
    `wrote docs/operators.md: ${new Set(definitions.map(({ domain, type }) => `${domain}.${type}`)).size} operators`,
  );
}
