export { guardNodeResponse, type NodeCall } from './guard-node-response.js';
export { type NodeRequestFacts, nodeRequest, type ParsedBody } from './node-request.js';
