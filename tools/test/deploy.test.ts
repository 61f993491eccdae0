import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type SchemaObject } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseServeArguments } from '@tessera/cli';
import { repositoryRoot } from '../verify/support/shared-data.js';

const read = (path: string) => readFileSync(join(repositoryRoot, 'deploy', path), 'utf8');
const manifest = (name: string) => parse(read(join('kserve', name))) as Record<string, never>;

/** An object of these fields and no others. */
const object = (properties: Record<string, SchemaObject>, ...required: string[]): SchemaObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const list = (items: SchemaObject): SchemaObject => ({ type: 'array', items, minItems: 1 });
const text: SchemaObject = { type: 'string' };
const whole: SchemaObject = { type: 'integer' };
const flag: SchemaObject = { type: 'boolean' };
const texts: SchemaObject = { type: 'object', additionalProperties: text };
const quantity: SchemaObject = { type: ['string', 'integer'], pattern: '^[0-9.]+([KMGTPE]i|[numkMGTPE])?$' };
const quantities: SchemaObject = { type: 'object', additionalProperties: quantity };
const meta = object({ name: { ...text, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }, annotations: texts }, 'name');

/** Fields of the published schemas (KServe's CRDs, Kubernetes' core and batch groups) that the manifests may use. */
const probe = object({
  httpGet: object({ path: text, port: whole }, 'port'),
  periodSeconds: whole,
  timeoutSeconds: whole,
  failureThreshold: whole,
});
const container = object(
  {
    name: text,
    image: text,
    command: list(text),
    args: list(text),
    env: list(object({ name: text, value: text }, 'name')),
    ports: list(
      object(
        { name: { ...text, maxLength: 15 }, containerPort: whole, protocol: { enum: ['TCP', 'UDP', 'SCTP'] } },
        'containerPort',
      ),
    ),
    readinessProbe: probe,
    livenessProbe: probe,
    startupProbe: probe,
    securityContext: object({
      allowPrivilegeEscalation: flag,
      runAsNonRoot: flag,
      runAsUser: whole,
      readOnlyRootFilesystem: flag,
      capabilities: object({ drop: list(text), add: list(text) }),
    }),
    resources: object({ requests: quantities, limits: quantities }),
    volumeMounts: list(object({ name: text, mountPath: text, readOnly: flag }, 'name', 'mountPath')),
  },
  'name',
);

const servingRuntime = object(
  {
    apiVersion: { const: 'serving.kserve.io/v1alpha1' },
    kind: { const: 'ServingRuntime' },
    metadata: meta,
    spec: object(
      {
        annotations: texts,
        supportedModelFormats: list(object({ name: text, version: text, autoSelect: flag, priority: whole }, 'name')),
        protocolVersions: list(text),
        multiModel: flag,
        containers: list(container),
      },
      'containers',
    ),
  },
  'spec',
);

const metric = object({
  type: { enum: ['Resource', 'External', 'PodMetric'] },
  external: object(
    {
      metric: object({
        backend: { enum: ['prometheus', 'graphite'] },
        serverAddress: text,
        query: text,
        namespace: text,
      }),
      // KServe reads `value` alone, and KEDA takes it for each replica.
      target: object({ type: { const: 'Value' }, value: quantity }, 'type', 'value'),
    },
    'metric',
    'target',
  ),
});
const inferenceService = object(
  {
    apiVersion: { const: 'serving.kserve.io/v1beta1' },
    kind: { const: 'InferenceService' },
    metadata: meta,
    spec: object(
      {
        predictor: object({
          minReplicas: whole,
          maxReplicas: whole,
          terminationGracePeriodSeconds: whole,
          model: object({
            runtime: text,
            protocolVersion: text,
            modelFormat: object({ name: text, version: text }, 'name'),
            storageUri: text,
          }),
          autoScaling: object({
            metrics: list(metric),
            behavior: object({
              scaleDown: object({ stabilizationWindowSeconds: whole }),
              scaleUp: object({ stabilizationWindowSeconds: whole }),
            }),
          }),
        }),
      },
      'predictor',
    ),
  },
  'spec',
);

const claim = object(
  { name: text, persistentVolumeClaim: object({ claimName: text, readOnly: flag }, 'claimName') },
  'name',
);
const pod = object(
  {
    restartPolicy: { enum: ['OnFailure', 'Never'] },
    securityContext: object({ fsGroup: whole }),
    containers: list(container),
    volumes: list(claim),
  },
  'containers',
);
const job = object(
  {
    apiVersion: { const: 'batch/v1' },
    kind: { const: 'Job' },
    metadata: meta,
    spec: object(
      {
        completions: whole,
        parallelism: whole,
        completionMode: { enum: ['Indexed', 'NonIndexed'] },
        backoffLimit: whole,
        template: object({ spec: pod }, 'spec'),
      },
      'template',
    ),
  },
  'spec',
);

describe('the manifests', () => {
  it.each([
    ['serving-runtime.yaml', servingRuntime],
    ['inference-service.yaml', inferenceService],
    ['batch-job.yaml', job],
  ])('%s has the fields of its kind and no others', (name, schema) => {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
    const validate = ajv.compile(schema);
    validate(manifest(name));
    expect(validate.errors ?? []).toEqual([]);
    const wrong = { ...manifest(name), spce: {} };
    expect(validate(wrong)).toBe(false);
  });

  interface Runtime {
    readonly spec: {
      readonly annotations: Readonly<Record<string, string>>;
      readonly containers: readonly {
        readonly args: readonly string[];
        readonly ports: readonly { readonly containerPort: number }[];
      }[];
    };
  }
  const { annotations, containers } = (manifest('serving-runtime.yaml') as unknown as Runtime).spec;
  const [server] = containers;

  it('start the server with flags it takes, on the ports they name', async () => {
    const options = await parseServeArguments(server.args.map((arg) => arg.replace('{{.Name}}', 'digits')));
    expect(options).toMatchObject({
      paths: ['/mnt/models'],
      name: 'digits',
      host: '0.0.0.0',
      port: 8080,
      grpcPort: 8081,
    });
    expect(server.ports.map(({ containerPort }) => containerPort)).toEqual([8080]);
    expect(annotations).toMatchObject({ 'prometheus.io/port': '8080', 'prometheus.io/path': '/metrics' });
  });

  it('scale by a metric that the server exports, of the model they name', () => {
    const service = read('kserve/inference-service.yaml');
    const source = readFileSync(join(repositoryRoot, 'packages', 'server', 'src', 'metrics.ts'), 'utf8');
    const [, name] = /query: sum\((\w+)\{model="digits"\}\)/.exec(service)!;
    expect(source).toContain(`name: '${name}'`);
  });
});

describe('the container file', () => {
  const file = read('Containerfile');

  it('copies and starts what there is', async () => {
    expect(existsSync(join(repositoryRoot, 'packages', 'cli', 'bin', 'infer.js'))).toBe(true);
    const [, entry] = /^ENTRYPOINT (\[.*\])$/m.exec(file)!;
    expect(JSON.parse(entry)).toEqual(['node', 'packages/cli/bin/infer.js', 'serve']);
    const [, command] = /^CMD (\[.*\])$/m.exec(file)!;
    expect(await parseServeArguments(JSON.parse(command) as string[])).toMatchObject({
      paths: ['/mnt/models'],
      port: 8080,
    });
  });

  it('runs as a user without rights, and names no registry', () => {
    expect(file).toMatch(/^USER node$/m);
    for (const [, image] of file.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/^[a-z]+:[\w.-]+$/);
  });
});
