/*! Contains devalue, MIT: https://github.com/sveltejs/devalue */
export { DevalueError, parse, stringify } from 'devalue';
