export { type NodeListener, nodeListener } from './page/node-listener.js';
export { type OperatorPage, operatorPage } from './page/operator-page.js';
export type { OperatorPageOptions } from './page/page-options.js';
