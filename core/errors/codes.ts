/**
 * Every error code: whose fault, whether a restart can help, HTTP status, exit code of the CLI.
 * Codes are stable and never reused. The reference page is generated from this table.
 */
export interface CodeFacts {
  readonly owner: 'USER' | 'EXTERNAL' | 'INTERNAL'
  /** RESTART: the restart strategy decides; FAIL: the execution ends; WAIT: retried without limit, outside the restart budget. */
  readonly onFailure: 'RESTART' | 'FAIL' | 'WAIT'
  readonly http: number
  readonly exit: number
  readonly meaning: string
}

export const CODES = {
  'spec.invalid': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'The job spec has problems; each is listed with its place.',
  },
  'spec.unreadable': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 400,
    exit: 2,
    meaning: 'The file or body is not YAML or JSON.',
  },
  'usage.invalid': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 400,
    exit: 2,
    meaning: 'A command, option or parameter is not known or not well formed.',
  },
  'config.invalid': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'A setting of a node or a connection is not valid.',
  },
  'environment.invalid': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 500,
    exit: 3,
    meaning: 'An environment variable is missing or not valid.',
  },
  'sql.refused': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'An expression uses something that expressions may not use.',
  },
  'sql.invalid': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'An expression does not fit its input columns.',
  },
  'schema.mismatch': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'A target has other columns or types than what the job writes.',
  },
  'source.missing': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'A file, table or topic to read does not exist.',
  },
  'source.unreadable': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 503,
    exit: 1,
    meaning: 'A source exists but could not be read.',
  },
  'source.changed': {
    owner: 'EXTERNAL',
    onFailure: 'FAIL',
    http: 409,
    exit: 1,
    meaning: 'An input changed after it was planned.',
  },
  'record.bad': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 1,
    meaning: 'A record could not be parsed, cast, evaluated or written, and onBadRecord says FAIL.',
  },
  'record.tolerance': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 1,
    meaning: 'More bad records than onBadRecord allows.',
  },
  'sink.refused': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 503,
    exit: 1,
    meaning: 'A target refused what was written.',
  },
  'sink.unsupported': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'The target cannot uphold the delivery that the job asks for.',
  },
  'connection.refused': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 503,
    exit: 3,
    meaning: 'The other system cannot be reached.',
  },
  'connection.denied': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 422,
    exit: 2,
    meaning: 'The other system refused the user name, the password or the permission.',
  },
  'permission.denied': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 403,
    exit: 4,
    meaning: 'The role does not allow this.',
  },
  'auth.required': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 401,
    exit: 4,
    meaning: 'Not logged in, or the token is not valid any more.',
  },
  'auth.locked': { owner: 'USER', onFailure: 'FAIL', http: 423, exit: 4, meaning: 'The account is locked after failed log-ins.' },
  'rate.limited': { owner: 'USER', onFailure: 'FAIL', http: 429, exit: 4, meaning: 'Too many requests in a short time; try again later.' },
  'request.too-large': { owner: 'USER', onFailure: 'FAIL', http: 413, exit: 2, meaning: 'The body of the request is larger than the server takes.' },
  'not.found': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 404,
    exit: 2,
    meaning: 'There is no such thing, or it is not visible to this role.',
  },
  conflict: {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 409,
    exit: 2,
    meaning: 'It changed in the meantime, or its status does not allow this.',
  },
  'storage.failed': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 503,
    exit: 1,
    meaning: 'The checkpoint store could not be read or written.',
  },
  'disk.full': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 507,
    exit: 1,
    meaning: 'No space is left where the engine or the checkpoint store writes.',
  },
  'memory.exhausted': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 507,
    exit: 1,
    meaning: 'A step needs more memory than its slot has.',
  },
  'mysql.away': {
    owner: 'EXTERNAL',
    onFailure: 'WAIT',
    http: 503,
    exit: 3,
    meaning: 'The catalogue database cannot be reached.',
  },
  'temporal.away': {
    owner: 'EXTERNAL',
    onFailure: 'WAIT',
    http: 503,
    exit: 3,
    meaning: 'The Temporal server cannot be reached.',
  },
  'schema.newer': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 500,
    exit: 3,
    meaning: 'The catalogue database was migrated by a newer version.',
  },
  fenced: {
    owner: 'INTERNAL',
    onFailure: 'FAIL',
    http: 409,
    exit: 1,
    meaning: 'A newer attempt has taken over; this one may not write any more.',
  },
  cancelled: { owner: 'USER', onFailure: 'FAIL', http: 409, exit: 1, meaning: 'It was cancelled.' },
  'execution.timeout': {
    owner: 'USER',
    onFailure: 'FAIL',
    http: 504,
    exit: 1,
    meaning: 'The execution took longer than its timeout.',
  },
  'accounting.mismatch': {
    owner: 'INTERNAL',
    onFailure: 'FAIL',
    http: 500,
    exit: 1,
    meaning: 'Records in and records accounted for differ (I8).',
  },
  'checkpoint.timeout': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 504,
    exit: 1,
    meaning: 'An epoch took longer than checkpoint.timeout.',
  },
  'worker.lost': {
    owner: 'EXTERNAL',
    onFailure: 'RESTART',
    http: 503,
    exit: 1,
    meaning: 'The worker that ran a step went away.',
  },
  internal: {
    owner: 'INTERNAL',
    onFailure: 'RESTART',
    http: 500,
    exit: 1,
    meaning: 'Something unexpected happened; the log has the details.',
  },
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof CODES
