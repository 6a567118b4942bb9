/** A part that cannot be kept says so by an error of this class, whose text is ours and names no value. */
export class NotKept extends TypeError {}
