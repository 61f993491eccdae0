/** JSON schemas of the protocol's bodies, for the OpenAPI document; requests are checked by protocol/json.ts. */
const text = { type: 'string' } as const;
const shape = { type: 'array', items: { type: 'integer' } } as const;
const parameters = { type: 'object', additionalProperties: true } as const;
const data = { type: 'array', items: {}, description: 'Elements in row-major order, nested or flat' } as const;

const describedTensor = {
  type: 'object',
  required: ['name', 'datatype', 'shape'],
  properties: { name: text, datatype: text, shape },
} as const;

const tensor = {
  type: 'object',
  required: ['name', 'datatype', 'shape'],
  properties: { name: text, datatype: text, shape, parameters, data },
} as const;

export const errorBody = { type: 'object', required: ['error'], properties: { error: text } } as const;

const flag = { type: 'boolean' } as const;

export const liveBody = { type: 'object', required: ['live'], properties: { live: flag } } as const;
export const readyBody = { type: 'object', required: ['ready'], properties: { ready: flag } } as const;

export const modelReadyBody = {
  type: 'object',
  required: ['name', 'ready'],
  properties: { name: text, ready: flag },
} as const;

export const serverBody = {
  type: 'object',
  required: ['name', 'version', 'extensions'],
  properties: { name: text, version: text, extensions: { type: 'array', items: text } },
} as const;

export const modelBody = {
  type: 'object',
  required: ['name', 'platform', 'inputs', 'outputs'],
  properties: {
    name: text,
    versions: { type: 'array', items: text },
    platform: text,
    inputs: { type: 'array', items: describedTensor },
    outputs: { type: 'array', items: describedTensor },
    properties: { type: 'object', additionalProperties: text },
  },
} as const;

export const inferRequestBody = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: text,
    parameters,
    inputs: { type: 'array', items: tensor },
    outputs: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text, parameters } } },
  },
} as const;

export const inferResponseBody = {
  type: 'object',
  required: ['model_name', 'outputs'],
  properties: {
    model_name: text,
    model_version: text,
    id: text,
    parameters,
    outputs: { type: 'array', items: tensor },
  },
} as const;

export const indexBody = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'version', 'state', 'reason'],
    properties: { name: text, version: text, state: text, reason: text },
  },
} as const;
