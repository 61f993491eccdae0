/** Clients of the Open Inference Protocol, written against its specification and without any code of the server. */
export * from './src/inference/grpc-client.js';
export * from './src/inference/http-client.js';
