/** A convolution or GEMM that cannot be: the message names the number that is wrong and what would fit. */
export class ConvProblemError extends Error {
  /** The field of the problem at fault, such as `groups`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'ConvProblemError';
    this.field = field;
  }
}
