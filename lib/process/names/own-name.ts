// `kept-names` has a class and a function of these names, too: bundlers rename what meets another of its name. So this is a
// file of its own in dist/ as well.
class RetrysafeOwnName {}
function retrysafeOwnName(): void {}

/** What these are called at run time. */
export const namesInAnotherFile = { class: RetrysafeOwnName.name, function: retrysafeOwnName.name };
