/** What is wrong with what somebody wrote: specs, settings, expressions, requests. */
import type { ErrorCode } from '../codes.js'
import type { Advice } from './advice.js'

export const ofDefinitions = {
  'spec.invalid': {
    why: 'The job was compiled as a whole, and all that is wrong with it was collected; nothing was saved or started.',
    look: [
      '`errors` of the answer: each has the JSON pointer of its field, and mostly a hint.',
      '`etl validate FILE` gives the same list without a server.',
    ],
    act: [
      'Mend every place that is listed, and submit again.',
      'Let the editor check as you type: `etl schema job` is its JSON Schema.',
    ],
  },
  'spec.unreadable': {
    why: 'Before anything could be checked, the text itself could not be parsed.',
    look: [
      'The message: parsers name the line or character where they gave up.',
      'YAML: tabs, and values with `: ` or `#` that are not in quotes.',
    ],
    act: [
      'Mend the syntax; `etl validate FILE` tries it without a server.',
      'Over REST send `Content-Type: application/json` with JSON: YAML is for files of the command line.',
    ],
  },
  'usage.invalid': {
    why: 'The call or command was understood as far as its name, but an option, a parameter of the path or query, a header or a field of the body does not fit.',
    look: [
      '`errors` with the pointer of each field; `/limit` without a place above it is one of the query.',
      '`etl COMMAND --help`, or the route in `/api/v1/docs/`.',
    ],
    act: [
      'Correct what is named. A cursor belongs to the list and filters that gave it: begin without one.',
      'A change needs the version that it is based on: read the row first, and send its `ETag` as `If-Match`.',
    ],
  },
  'config.invalid': {
    why: 'The settings of a node or connection do not fit the schema of its connector or operator, or do not fit one another.',
    look: [
      'The pointer, which ends at the key at fault.',
      '`etl connectors show NAME` or `etl operators show NAME`: every key with its default.',
    ],
    act: [
      'Correct the key. What is shown as `***` can be written back only where it came from: type the secret again where a node was renamed or copied.',
    ],
  },
  'sql.refused': {
    why: 'Expressions run in a sandbox: no files, no network, no settings, and nothing that gives another answer when an epoch is run again.',
    look: ['The hint: it mostly names what to use instead, such as `now()` for a volatile clock.'],
    act: [
      'Use what the hint names, or bring the value in as a parameter or from a source.',
      'What SQL cannot say goes into a FUNCTION, in a module of the worker.',
    ],
  },
  'sql.invalid': {
    why: 'The expression was bound against the columns that really come in, and does not fit them.',
    look: [
      '`etl explain FILE`: the columns of every edge.',
      'The message, which names columns that are near to what was written.',
    ],
    act: ['Correct the name or cast the type. A column whose name was changed by a MAP before has its new name.'],
  },
  'schema.mismatch': {
    why: 'The table, file or topic has other columns or types than what the job would write or has read so far.',
    look: [
      '`etl explain FILE` for what the job writes; `etl connections discover NAME` for what is there.',
      'Was the target changed since the job was saved? The timeline of the execution notes drift.',
    ],
    act: [
      'Rename, cast or drop columns in a MAP before the sink; or change the target.',
      'Let the sink add columns: `onSchemaChange: EVOLVE`; or leave out what the target lacks: `IGNORE`.',
    ],
  },
  'connector.unavailable': {
    why: 'A custom connector is code of yours that API and workers load; here it is switched off, does not load, or is another version than the one that was tried.',
    look: [
      '`etl connectors`: is it enabled, and in which version?',
      'On the host that said so: is the module below ETL_CONNECTOR_PATH, or the package installed?',
    ],
    act: [
      'Bring the same version to every API and worker, then restart the execution.',
      'After an upgrade try it again with `PUT /api/v1/connectors/NAME`; the catalogue then names the new version.',
    ],
  },
  'source.missing': {
    why: 'What a job reads was looked for and is not there, or is not visible to the user that looks.',
    look: [
      'The path, table or topic in the message, and on which host: files are those of the worker, not those of the API.',
      'ETL_FILE_ROOTS: relative paths start from its first folder.',
    ],
    act: [
      'Correct the name, mount the folder on all workers, or grant the right to see it.',
      'If it comes later than the job: start the job by an EVENT, or give it `retry`.',
    ],
  },
  'function.invalid': {
    why: 'A FUNCTION has to answer a list of records for each batch; this one gave something else, or threw.',
    look: ['The message: it has what the function said.', 'The last batch: which records does it fail for?'],
    act: [
      'Correct the module on every worker, then restart the execution. Records that it cannot handle: leave them out, or throw for one record and let `onBadRecord` decide.',
    ],
  },
  'sink.unsupported': {
    why: 'The job asks for EXACTLY_ONCE, a mode or a layout that this target cannot uphold; it is refused ahead rather than weakened.',
    look: ['The hint, and the guarantees on the page of the connector in docs/reference/connectors/.'],
    act: [
      'Use a target that takes part in transactions; or say `delivery: AT_LEAST_ONCE` and make the target tolerate records that come twice, such as by a key.',
    ],
  },
  'request.too-large': {
    why: 'A body is read whole before it is looked at, so its size is limited.',
    look: ['How large is it? The limit is ETL_API_BODY_LIMIT (4MiB).'],
    act: [
      'Do not send data through the API: a job reads it from a file or table. Send many small definitions one by one.',
      'Really needed: raise ETL_API_BODY_LIMIT, and the limit of the proxy before it.',
    ],
  },
  'request.unsupported': {
    why: 'What was asked is clear, but this connector, operator or version does not offer it.',
    look: ['The message, which says what lacks it.'],
    act: ['Use another way that the hint or the reference page names; asking again does not help.'],
  },
  'method.unknown': {
    why: 'A client calls a path that exists in another way than it can be called.',
    look: [
      '`Allow` of the answer; `/api/v1/docs/` shows each path with its methods.',
      'Does a proxy turn POST into GET when it redirects?',
    ],
    act: ['Call it with one of the methods in `Allow`. Changes of a job are PUT, of a dead letter PATCH.'],
  },
  'state.unfit': {
    why: 'The newest version of the job dropped or renamed an operator (its `id` is what state goes by), or reads from somewhere else.',
    look: [
      '`errors`: each part of the checkpoint that has no place.',
      '`etl jobs` and the versions of the job: what changed since the checkpoint?',
    ],
    act: [
      'Renamed by mistake: give the node its old id, and restart.',
      'Meant: `etl restart EXECUTION --allow-non-restored-state`; what has no place is left behind, and that cannot be taken back.',
    ],
  },
  'state.mismatch': {
    why: 'The operator is still there, but its state has other columns, keys or another way of dealing records out.',
    look: [
      'The message: which operator, and what differs.',
      '`etl explain FILE` for the parallelism and partition of its edges.',
    ],
    act: [
      'Set `parallelism`, `partition` and keys as they were; or start the job afresh, or restart without its state, knowing what is lost.',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Advice>>
