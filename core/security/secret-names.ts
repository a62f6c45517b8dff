/** What parameters and headers are called that hold secrets, or never do. */

/** Of a URL; `i`. `key` alone is one, and so is `X-Amz-Signature`; `keyword` is none. */
export const SECRET_PARAMETERS =
  '[\\w.%-]*(?:password|passwd|passphrase|pwd|token|secret|signature|credentials?|apikey|accesskey|privatekey)' +
  '|(?:[\\w.%-]*[-_.])?(?:key|sig|pass|auth)'

export const isSecretParameter = (name: string): boolean => WHOLE.test(name)

const WHOLE = new RegExp(`^(?:${SECRET_PARAMETERS})$`, 'i')

/** Whatever else a header says may be what lets its sender in. */
export const isHarmlessHeader = (name: string): boolean => HARMLESS.includes(name.toLowerCase())

const HARMLESS: readonly string[] = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'pragma',
  'prefer',
  'user-agent',
  'x-requested-with',
]
