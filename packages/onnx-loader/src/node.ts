/** Reading models from files, in Node. */
export { loadOnnxFile } from './file/load-file.js';
export { fileSource } from './file/file-source.js';
