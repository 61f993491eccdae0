import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';

/**
 * The bodies of the Open Inference Protocol over HTTP as open_inference_rest.yaml (OpenAPI 3.0, version 2.0 of the data
 * plane) has them: names, types, and what is required.
 */
const object = (properties: Record<string, SchemaObject>, ...required: string[]): SchemaObject => ({
  type: 'object',
  properties,
  required,
});
const list = (items: SchemaObject): SchemaObject => ({ type: 'array', items });
const ref = (name: string): SchemaObject => ({ $ref: `#/definitions/${name}` });
const text = { type: 'string' };
const shape = list({ type: 'integer' });
const parameters = { type: 'object' };
const filled = { name: text, shape, datatype: text, parameters, data: ref('tensor_data') };
const elements = [ref('tensor_data'), { type: 'number' }, { type: 'string' }, { type: 'boolean' }];

const definitions: Readonly<Record<string, SchemaObject>> = {
  tensor_data: list({ anyOf: elements }),
  metadata_tensor: object({ name: text, datatype: text, shape }, 'name', 'datatype', 'shape'),
  metadata_server_response: object(
    { name: text, version: text, extensions: list(text) },
    'name',
    'version',
    'extensions',
  ),
  metadata_model_response: object(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(ref('metadata_tensor')),
      outputs: list(ref('metadata_tensor')),
    },
    'name',
    'platform',
  ),
  request_input: object(filled, 'name', 'shape', 'datatype', 'data'),
  request_output: object({ name: text, parameters }, 'name'),
  response_output: object(filled, 'name', 'shape', 'datatype', 'data'),
  inference_request: object(
    { id: text, parameters, inputs: list(ref('request_input')), outputs: list(ref('request_output')) },
    'inputs',
  ),
  inference_response: object(
    { model_name: text, model_version: text, id: text, parameters, outputs: list(ref('response_output')) },
    'model_name',
    'outputs',
  ),
  error_response: object({ error: text }, 'error'),
};

/** Checks a body against the published schema of a name; `errors` of the function says where it does not fit. */
export function publishedSchema(name: keyof typeof definitions): ValidateFunction {
  return new Ajv().compile({ definitions, ...ref(name) });
}
