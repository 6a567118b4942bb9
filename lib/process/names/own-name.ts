// `build-names` declares a class and a function of the same names: bundlers rename declarations of equal names. So this stays a
// file of its own in dist/, too.
class RetrysafeOwnName {}
function retrysafeOwnName(): void {}

/** The names of these at run time. */
export const namesInAnotherFile = { class: RetrysafeOwnName.name, function: retrysafeOwnName.name };
