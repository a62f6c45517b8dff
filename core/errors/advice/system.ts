/** What people and processes meet around the jobs: access, limits, the servers that everything needs. */
import type { ErrorCode } from '../codes.js'
import type { Advice } from './advice.js'

export const ofTheSystem = {
  'environment.invalid': {
    why: 'A process reads and checks all its variables at its start, and the schema of its database; something is missing or cannot be.',
    look: [
      'The message names every bad variable, or says that a table or column is lacking.',
      '`/readyz`: `migrations` says MISSING or NEWER.',
    ],
    act: [
      'Correct the variables (docs/operations/hardening.md, README), and start again.',
      'A table or column is lacking: `etl migrate`, with the account for migrations.',
    ],
  },
  'permission.denied': {
    why: 'The token belongs to a user whose role does not include this call, or a token was given fewer rights than its user.',
    look: ['`GET /api/v1/me`: who am I, with which role?', 'The description of the route: which role does it need?'],
    act: ['Ask an ADMIN for the role, or use a token that has it. Roles are not raised by logging in again.'],
  },
  'auth.required': {
    why: 'There was no token, or one that has expired, was revoked, or belongs to a user who is not active any more. A wrong name and a wrong password read the same on purpose.',
    look: [
      'Is ETL_TOKEN set to an old token? It goes before what `etl login` saved.',
      '`GET /api/v1/operation-logs?operationType=LOGIN&status=FAILED` (as ADMIN) for attempts that failed.',
    ],
    act: [
      '`etl login`; for programs make an API token with `POST /api/v1/tokens` and note when it expires.',
      'Locked after too many wrong passwords in a row, which reads the same: wait `security.lock_minutes`, or `POST /api/v1/users/{userId}/unlock` as ADMIN.',
    ],
  },
  'rate.limited': {
    why: 'One address called more often in a minute than ETL_API_RATE_LIMIT allows; log-ins have a limit of their own.',
    look: [
      '`Retry-After` and `RateLimit` of the answer.',
      'Do all clients come from one proxy? Then it must be named in ETL_API_TRUSTED_PROXIES, or they share one limit.',
    ],
    act: [
      'Wait as long as `Retry-After` says. Instead of polling use the stream of events of an execution (`Accept: text/event-stream`).',
      'A real need: raise ETL_API_RATE_LIMIT.',
    ],
  },
  'not.found': {
    why: 'Nothing has that id or path, or the role may not know of it; both read the same on purpose.',
    look: ['The id: names and ids are not interchangeable in REST.', 'Was it deleted? The audit knows.'],
    act: [
      'List what there is (`etl jobs`, `etl executions`), and use its id.',
      'As a role that should see it: ask for the role.',
    ],
  },
  conflict: {
    why: 'Somebody else changed the row since it was read, the name is taken, or its status does not allow what was asked.',
    look: [
      'The message says which of these it is.',
      'Read it again: who changed it, and when (`updatedAt`, the audit)?',
    ],
    act: [
      'Stale: read, make the change on what is there now, and send the new version.',
      'Status: a live execution is cancelled or stopped before it is restarted; one that ended cannot be paused.',
      'A key that is still at work: ask again in a moment with the same Idempotency-Key.',
    ],
  },
  'mysql.away': {
    why: 'No connection to the catalogue can be had: the server is down or starts, the network is cut, it takes connections and says nothing (noticed after 7 s), it has no connections left, or it is too busy. Nothing is lost: API calls are answered with 503, executions wait and go on by themselves.',
    look: [
      '`/readyz`: what does `mysql` say, and since when?',
      'The database host: does it run, `SHOW PROCESSLIST`, `max_connections`, disk.',
      'TLS: an expired certificate refuses everybody at once.',
    ],
    act: [
      'Bring the server back; do not restart API or workers, they come back by themselves.',
      '“too busy” or no connections left: raise `max_connections` (10 for each process), find who holds locks.',
      'Callers repeat after `Retry-After`; with an Idempotency-Key that is always safe. A change that was answered with 503 may have been made: the answer of the server was lost, and it is not tried again without being asked.',
    ],
  },
  'temporal.away': {
    why: 'Temporal cannot be reached or refused the call. Reading still works; what was accepted is started once it is back.',
    look: [
      '`/readyz`: what does `temporal` say?',
      'ETL_TEMPORAL_ADDRESS, the namespace, certificates and API key; `temporal operator cluster health`.',
    ],
    act: [
      'Bring it back; executions go on where their history ends, and accepted ones are started by the reconciler.',
      'Refused rather than away: does the namespace exist, and may this key use it?',
    ],
  },
  'schema.newer': {
    why: 'A newer version of this software has migrated the database or made the backup; an older one would misread it.',
    look: ['`etl --version` on every host; the steps that the message names.'],
    act: [
      'Start the newer version everywhere. To go back, restore a backup from before the migration with the older version.',
    ],
  },
  'backup.damaged': {
    why: 'Each part of a backup is checked by its hash, and the manifest is sealed. Something is missing, was changed, or is encrypted under a key that was not given. Nothing was written.',
    look: [
      'The message: which part.',
      '`etl backup verify PATH`; is the copy complete (the manifest is written last)?',
      'ETL_BACKUP_KEY, or ETL_SECRET_KEY of the time of the backup.',
    ],
    act: [
      'Give the key of then (several, with commas), or copy it again.',
      'Damaged for good: take the backup before it, then binlogs (docs/operations/backup.md).',
    ],
  },
  internal: {
    why: 'Something happened that nobody foresaw. Its words are kept to the log, since they may hold statements or paths.',
    look: [
      'The log of API or worker at that time: the line has the fault and where it was.',
      'Does the same call or record bring it again?',
    ],
    act: [
      'An execution restarts by its strategy; a call may be made again.',
      'Report it with the line of the log and how to bring it about.',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Advice>>
