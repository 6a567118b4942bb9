/** Says why a part of a value cannot be stored. Its message is ours and repeats no value. */
export class UnstorableError extends TypeError {}
