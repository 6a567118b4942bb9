// The one door to the codec's library. It is an ES module only, so the CommonJS build bundles this file.
export { DevalueError, parse, stringify } from 'devalue';
