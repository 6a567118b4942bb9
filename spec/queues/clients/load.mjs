/** Loads a module as an application in this folder does. */
export const load = (name) => import(name);
