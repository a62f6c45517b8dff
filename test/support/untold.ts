/** Nothing is to fail: trouble that is told ends the test. */
export const untold = ({ message }: { readonly message: string }): void => {
  throw new Error(message)
}

export const unfailed = (id: string, error: unknown): void => {
  throw new Error(id, { cause: error })
}
