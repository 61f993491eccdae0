/** The file format itself: ONNX's protobuf messages, decoded and encoded. For tools that write models. */
export type * from './messages.js';
export { decodeModel, decodeTensor } from './decode.js';
export { encodeModel, int64 } from './encode.js';
export { attributeTypeNumbers } from './attribute-types.js';
export { dataTypeNumber } from '../tensor/data-type.js';
