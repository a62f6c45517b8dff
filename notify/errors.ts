/** Why somebody could not be told. Never holds the address that was asked: it may hold a key. */
export class NotTold extends Error {
  override readonly name = 'NotTold'

  constructor(
    message: string,
    /** Another attempt may help. */
    readonly mayPass: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}
