import type { OperatorDefinition } from '@tessera/runtime';

/** A test that passes. */
export interface Proof {
  readonly name: string;
  /** Those of its model, as `domain.type`. */
  readonly operators: ReadonlySet<string>;
  /** Element types of its inputs and outputs, and 'sequence' or 'optional'. */
  readonly types: readonly string[];
}

interface Row {
  readonly name: string;
  readonly versions: readonly number[];
  readonly place: string;
  readonly proofs: readonly Proof[];
}

const places = { gpu: 'GPU', cpu: 'CPU', function: 'GPU, as other operators' } as const;

const intro = `# Operators

Written by \`npm run docs:operators\` from the operators' definitions and ONNX's backend tests; \`npm run conformance\` runs those.

- **Since**: the versions of the operator set whose definitions there are; each holds until the next.
- **Runs on**: GPU: there is a kernel, and nodes that cannot have it (float64, texts, floats of 8 and 4 bits, shapes that depend
  on data where the kernel needs them) are evaluated on the CPU. CPU: the program is cut there. \`session.report.placements\` says it of every node.
- **Types**: those of the inputs and outputs of the tests that prove the operator, with which it is therefore known to work.
- **Tests**: how many there are of ONNX's in which it is alone, or in brackets in which it is one of several; they are named below.
`;

/** The tests that are of this operator alone; where there are none, those it takes part in. */
function proofsOf(key: string, proofs: readonly Proof[]): readonly Proof[] {
  const own = proofs.filter(({ operators }) => operators.has(key));
  const alone = own.filter(({ operators }) => operators.size === 1);
  return alone.length > 0 ? alone : own;
}

function rowsOf(domain: string, definitions: readonly OperatorDefinition[], proofs: readonly Proof[]): Row[] {
  const own = definitions.filter((each) => each.domain === domain);
  const names = [...new Set(own.map(({ type }) => type))].sort((a, b) => a.localeCompare(b));
  return names.map((name) => {
    const versions = own.filter(({ type }) => type === name).sort((a, b) => a.since - b.since);
    const place = [...new Set(versions.map((each) => places[each.place]))].join('; ');
    return {
      name,
      versions: [...new Set(versions.map(({ since }) => since))],
      place,
      proofs: proofsOf(`${domain}.${name}`, proofs),
    };
  });
}

const typesOf = (row: Row) => [...new Set(row.proofs.flatMap(({ types }) => types))].sort().join(', ');

const isAlone = (row: Row) => row.proofs.some(({ operators }) => operators.size === 1);

function tableLine(row: Row): string {
  const count = isAlone(row) || row.proofs.length === 0 ? String(row.proofs.length) : `(${row.proofs.length})`;
  return `| ${row.name} | ${row.versions.join(', ')} | ${row.place} | ${typesOf(row)} | ${count} |`;
}

function section(title: string, rows: readonly Row[]): string[] {
  const head = ['| operator | since | runs on | types | tests |', '| --- | --- | --- | --- | --- |'];
  return [`\n## ${title}\n`, ...head, ...rows.map(tableLine)];
}

/** At most as many names as help to find the tests. */
const maxNames = 40;

function testLine({ name, proofs }: Row): string {
  const names = proofs.slice(0, maxNames).map((proof) => proof.name);
  const rest = proofs.length > maxNames ? `, and ${proofs.length - maxNames} more` : '';
  return `- ${name}: ${names.map((each) => `\`${each}\``).join(', ')}${rest}`;
}

/** The page, domain by domain. */
export function operatorPage(definitions: readonly OperatorDefinition[], proofs: readonly Proof[]): string {
  const domains = [...new Set(definitions.map(({ domain }) => domain))].sort();
  const tables = domains.map((domain) => ({ domain, rows: rowsOf(domain, definitions, proofs) }));
  const lines = [intro, ...tables.flatMap(({ domain, rows }) => section(domain || 'ai.onnx', rows))];
  const tested = tables.flatMap(({ rows }) => rows).filter((row) => row.proofs.length > 0);
  return [...lines, '\n## Tests\n', ...tested.map(testLine), ''].join('\n');
}
