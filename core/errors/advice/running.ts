/** What an execution meets while it runs: sources, targets, records, time and space. */
import type { ErrorCode } from '../codes.js'
import type { Advice } from './advice.js'

export const ofRuns = {
  'source.unreadable': {
    why: 'The source is there, but reading it failed: rights, a broken file, an answer that is not what it should be, a server that hung up.',
    look: [
      'The message and the node; `etl events EXECUTION` on whether it failed at the same place each time.',
      'The same file or URL by hand, from the host of the worker and as its user.',
    ],
    act: [
      'Passing trouble: the restart strategy has tried already; `etl restart EXECUTION` goes on where it stopped.',
      'A damaged file: replace it by a new one with another name, and start the job anew.',
    ],
  },
  'source.changed': {
    why: 'The input of an epoch is fixed before it runs, so that running it again reads the same. This input is not the same any more: a file was written over, messages ran out of retention, a topic was made anew.',
    look: ['The message: which file, topic or range.', 'Who writes there? Files have to be moved into place whole.'],
    act: [
      'Start a new execution; what was committed stays, and with an UPSERT sink nothing is doubled.',
      'Kafka: a retention longer than the job may be down. Files: write new data under new names.',
    ],
  },
  'record.bad': {
    why: 'At least one record could not be read, evaluated or written, and the job says that this ends it.',
    look: [
      'The message: position of the record and what is wrong with it.',
      'The source at that place: one odd record, or a format that is described wrongly (delimiter, quote, encoding, types)?',
    ],
    act: [
      'Wrong description: correct the config of the source.',
      'Odd records are to be expected: `onBadRecord: { action: DEAD_LETTER, max: 1000 }`, then correct and replay them with `etl dead-letters`.',
    ],
  },
  'record.tolerance': {
    why: '`onBadRecord` lets some records fail, and more did than `max` or `maxRatio` allow. Nothing of the epoch was committed.',
    look: [
      '`etl dead-letters list JOB` of epochs before: is it one kind of error?',
      'Did the sender change its format?',
    ],
    act: [
      'One cause for many records is a mistake in the job or the source: mend that rather than raise the limit.',
      'Then `etl restart EXECUTION`. Raise `max` only when so many are truly to be expected.',
    ],
  },
  'function.timeout': {
    why: 'A FUNCTION runs in a process of its own and was ended there, since a batch took longer than its `timeout`.',
    look: [
      'Does it wait for another system, or run in circles for certain records?',
      'The CPU of the worker: is it starved by other slots?',
    ],
    act: ['Bound each wait inside the function; give it smaller batches or a longer `timeout`.'],
  },
  'sink.refused': {
    why: 'The target took the connection, but not the data: a constraint, a lock, no space, a limit, an answer of an HTTP server.',
    look: [
      'The message; for databases also its error log and `SHOW PROCESSLIST` for locks that are held.',
      'Disk and quotas of the target.',
    ],
    act: [
      'Free what is full, end who holds the lock, and let it restart: the epoch is written again, once.',
      'Records that violate a constraint: filter them, use UPSERT with the key, or `onBadRecord: DEAD_LETTER`.',
    ],
  },
  'sink.ahead': {
    why: 'The target has marks of epochs which the catalogue does not know. The catalogue was restored from a backup older than the target, or two catalogues write to it.',
    look: [
      'When was the catalogue restored, and from which backup?',
      '`etl_sink_progress` in the target: the epochs that it shows.',
    ],
    act: [
      'Restore the target to the time of the backup; or start the job anew or `etl fork`, knowing that later epochs are written again.',
      'Never delete the marks to get past this: records would be doubled without a word.',
    ],
  },
  'connection.refused': {
    why: 'The address cannot be resolved, nobody listens, a firewall drops it, or TLS was not agreed on.',
    look: [
      '`etl connections test NAME`, and the same address from the host of a worker: `nc -vz HOST PORT`.',
      'Is the host private? HTTP connectors and webhooks reach such only if ETL_ALLOW_PRIVATE_HOSTS names it.',
    ],
    act: [
      'Bring the system back; executions restart by their strategy, and after it is used up by `etl restart EXECUTION`.',
      'Often away for longer: more restarts with backoff, or `retry` in the job.',
    ],
  },
  'connection.denied': {
    why: 'The other system answered, and said no: unknown user, wrong or expired password, missing right. Trying again would only lock the account.',
    look: [
      '`etl connections test NAME`; the log of the other system says more than it tells us.',
      'Was a password changed there and not here? For code `connection.denied` about the catalogue: ETL_MYSQL_URL.',
    ],
    act: [
      'Set the new password (`etl secrets set`, or the connection), grant what is missing, then `etl restart EXECUTION`.',
    ],
  },
  'execution.timeout': {
    why: '`timeout` of the job bounds one execution from its start, waiting for restarts included.',
    look: [
      '`etl show EXECUTION`: which operator took the time, and how often did it restart?',
      'More input than usual? Compare `records.read` with executions before.',
    ],
    act: [
      'Input has grown: raise `timeout` or `parallelism`. A slow sink or query: mend that.',
      '`etl restart EXECUTION` goes on from the latest checkpoint with a new time.',
    ],
  },
  'checkpoint.timeout': {
    why: 'An epoch was not through within `checkpoint.timeout`. It is run again with the same input, as often as `tolerableFailures` allows.',
    look: [
      '`etl executions` and the metrics: is one subtask slower than the others (skew), or the sink slow?',
      'The page of the alert SLOW_CHECKPOINT.',
    ],
    act: [
      'A lower `checkpoint.interval` makes smaller epochs; a larger `checkpoint.timeout` is more patient.',
      'Skew: more subtasks help only with another key.',
    ],
  },
  'memory.exhausted': {
    why: 'DuckDB has a share of memory for each slot and spills to disk beyond it; this step needed more at once than can be spilled.',
    look: [
      'Which operator: joins with a large build side, aggregates with many keys, very wide records?',
      '`ETL_WORKER_SLOTS` and the memory of the host.',
    ],
    act: [
      'Fewer slots a worker, or more memory; higher `parallelism` divides the state.',
      'Drop columns before the operator that holds records.',
    ],
  },
  'disk.full': {
    why: 'A disk of the worker (spilled data, scratch) or the checkpoint store has no room, or its quota is used up.',
    look: [
      'The path in the message, and `df -h` and `df -i` there.',
      '`etl maintenance run --only reconcile`: files that belong to nothing.',
    ],
    act: [
      'Free space; the epoch is run again and nothing is lost.',
      'Keep fewer checkpoints (`checkpoint.retained`), and see that the daily maintenance runs.',
    ],
  },
  'storage.failed': {
    why: 'State and exchange files lie in ETL_STORAGE_URL; reading or writing there failed, or a file is not what it was when written.',
    look: [
      'The message: which file, which operation.',
      'A folder: is it the same mount on every worker? S3: credentials, region, endpoint, limits of the provider.',
    ],
    act: [
      'Passing trouble heals by restart. A missing file: `etl maintenance run --only reconcile` names it; `etl fork` from an older checkpoint, or start anew.',
    ],
  },
  'worker.lost': {
    why: 'A step was not heard of for longer than its heartbeat time-out: the process was killed, its host is gone, or it was too busy to speak. Another worker takes the step.',
    look: [
      '`etl_worker` or `GET /api/v1/workers`: who is heard of?',
      'On the host: was the process killed for memory (`dmesg`)?',
    ],
    act: [
      'Start the worker again, or more of them; executions go on by themselves.',
      'It happens under load: fewer slots, or a longer ETL_HEARTBEAT_TIMEOUT.',
    ],
  },
  'workflow.lost': {
    why: 'Temporal has no running workflow for an execution that the catalogue holds for alive: somebody terminated it, or Temporal lost its data. The reconciler closed the execution.',
    look: [
      'The Temporal Web UI, by the workflow id `etl-job/<jobId>/<executionId>`: who terminated it, and why?',
      'Was Temporal restored or its namespace changed?',
    ],
    act: [
      '`etl restart EXECUTION`: it goes on from its latest checkpoint and writes nothing twice.',
      'End executions with `etl cancel`, not by terminating workflows.',
    ],
  },
  fenced: {
    why: 'At most one attempt may write. This one was overtaken by a newer attempt or execution of the same lineage, and was stopped from committing; that is the protection at work.',
    look: [
      'Which execution of the job is the newest? It should be running.',
      'Two catalogues or namespaces that run the same job against one target?',
    ],
    act: [
      'Mostly nothing: the newer one goes on.',
      'It comes again and again: end the second installation, or let it write into targets of its own.',
    ],
  },
  cancelled: {
    why: 'A person, `overlap: CANCEL_RUNNING` or the end of its schedule cancelled it. What was committed stays.',
    look: ['`GET /api/v1/operation-logs` for who it was; the timeline of the execution for why.'],
    act: ['Not meant: `etl restart EXECUTION` goes on from its latest checkpoint.'],
  },
  'accounting.mismatch': {
    why: 'Every record is accounted for in each epoch (I8). Here the counts on two sides of a step differ, so the epoch was not committed: a fault in this software, in a custom connector or function, or a source that answers differently when asked twice.',
    look: [
      'The message: which node, and both numbers.',
      'Sources whose content changes while they are read; files with unusual line ends or quotes.',
    ],
    act: [
      'Do not work around it: find the source of the difference with the epoch’s input, which the plan names.',
      'Report it with the message, the spec and the plan. `etl restart EXECUTION` tries the same epoch again.',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Advice>>
