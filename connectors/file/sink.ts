import { access, constants, stat } from 'node:fs/promises'
import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { type Fence, fenceName } from '../../core/execution/fence.js'
import type { Schema } from '../../core/record/schema.js'
import { parseSize } from '../../core/spec/duration.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { ConnectorContext, Mark, OpenSink, Sink, SinkKey } from '../spi.js'
import { isInBucket } from './bucket-path.js'
import { type CommitLog, openLog, type Part, prepareLog } from './commit-log.js'
import type { FileSinkConfig, S3Connection } from './config.js'
import { writeFault } from './durable.js'
import { partFormats } from './part-format.js'
import { type PartWriter, partWriter } from './part-writer.js'
import { absolutePath } from './paths.js'
import { publishParts, publishSingleFile, replaceParts } from './publish.js'
import { stagedParts } from './staged-parts.js'
import { logFolder, partName, readStarted, stagedFolder, startSink, type Target, targetOf } from './target.js'
import { withoutUnwritable } from './unwritable.js'

/**
 * Writes parts into a folder. A part is staged, becomes the target's with the manifest of its epoch, which is created
 * exclusively (the commit point, I2), and is then given its final name.
 */
export function fileSink(config: FileSinkConfig, ctx: ConnectorContext, connection: S3Connection | null = null): Sink {
  /** Parts get their names at once, or only when the job ends. */
  const atEnd = config.singleFile || config.mode === 'REPLACE'
  const guarded = async <T>(run: (target: Target) => Promise<T>): Promise<T> => {
    try {
      return await run(await targetOf(config, connection, ctx))
    } catch (error) {
      throw writeFault(config.path, error)
    }
  }
  const openedLog = (target: Target, key: SinkKey, fence: Fence) => {
    const log = logFolder(target, key)
    return openLog(target.files, log, fence, (manifest) => publishParts(target, key, log, manifest, atEnd))
  }
  return {
    async check(input) {
      try {
        return [...partitionProblems(config, input), ...(await problemsOf(config, connection, ctx))]
      } catch (error) {
        const { code, message, hint } = toJobError(error)
        return [{ pointer: '/path', nodeId: null, code, message, hint: hint ?? null }]
      }
    },

    prepare: (keys, input) =>
      guarded(async (target) => {
        for (const key of keys) {
          await startSink(target, key, input)
          await target.files.makeFolder(stagedFolder(logFolder(target, key)))
          await prepareLog(target.files, logFolder(target, key))
        }
      }),

    open: (key, fence) =>
      guarded(async (target) => {
        const log = await openedLog(target, key, fence)
        await clearStaged(target, key, fence)
        const writer = writerOf(target, key, config, fence)
        const commit = (mark: Mark, parts: readonly Part[]) =>
          guarded(async () => {
            const manifest = { fence, mark, parts }
            await log.commit(manifest)
            await publishParts(target, key, logFolder(target, key), manifest, atEnd)
          })
        return openSink(target, key, { committed: log.committed, writer, commit, guarded, config })
      }),

    finish: (keys, fence) =>
      guarded(async (target) => {
        const [first] = keys
        if (first === undefined) return
        const logs: CommitLog[] = []
        for (const key of keys) logs.push(await openedLog(target, key, fence))
        const check = async () => {
          for (const log of logs) await log.check()
        }
        const epoch = Math.max(0, ...logs.map(({ committed }) => committed?.epoch ?? 0))
        const { single } = target
        if (single !== null)
          await publishSingleFile({ ...target, single }, first, epoch, check, config.mode === 'APPEND')
        else if (config.mode === 'REPLACE') await replaceParts(target, first, check)
        for (const key of keys) await target.files.removeFolder(stagedFolder(logFolder(target, key)))
      }),
  }
}

function writerOf(target: Target, key: SinkKey, config: FileSinkConfig, fence: Fence): PartWriter {
  const layout = {
    format: partFormats[target.format],
    compression: target.compression,
    whole: target.single === null,
    partitionBy: config.partitionBy ?? [],
    maxBytes: config.maxFileSize === undefined ? null : parseSize(config.maxFileSize),
  }
  const folder = stagedFolder(logFolder(target, key))
  return partWriter(stagedParts(target.files, folder, fence, layout.format.appendable), layout)
}

/** What writers before this one had staged and not committed: they can commit it no more. */
async function clearStaged(target: Target, key: SinkKey, fence: Fence): Promise<void> {
  // The first of its kind has no other before it but those that committed.
  if (fence.generation === 1 && fence.attempt === 1 && fence.activityAttempt === 1) return
  const staged = stagedFolder(logFolder(target, key))
  const old = ((await target.files.names(staged)) ?? []).filter((name) => name < fenceName(fence))
  await target.files.remove(old.map((name) => `${staged}/${name}`))
}

interface Opened {
  readonly committed: Mark | null
  readonly writer: PartWriter
  readonly config: FileSinkConfig
  commit(mark: Mark, parts: readonly Part[]): Promise<void>
  guarded<T>(run: () => Promise<T>): Promise<T>
}

function openSink(target: Target, key: SinkKey, { committed, writer, commit, guarded, config }: Opened): OpenSink {
  const { stage } = writer
  let open = true
  return {
    committed,
    method: target.format.toUpperCase(),
    bytes: writer.bytes,
    append: (batch, session) =>
      guarded(async () => {
        const layout = {
          format: target.format,
          partitionBy: config.partitionBy ?? [],
          longestName: isInBucket(config.path) ? longestKeyPart : longestFileName,
        }
        const written = await withoutUnwritable(batch, layout, session)
        await writer.write(written.batch, session).finally(written.release)
        return written.rejected
      }),
    ...(stage && { stageQuery: (query, session) => guarded(() => stage(query, session)) }),
    commit: (mark) =>
      guarded(async () => {
        await writer.sync()
        const started = (await readStarted(target, key))!
        const parts = writer.parts.map(({ staged, folder }, number) => {
          const name = partName(started, key, mark.epoch, number, target.extension)
          return { staged, final: folder === '' ? name : `${folder}/${name}` }
        })
        await commit(mark, parts)
        open = false
      }),
    async close() {
      if (open) await writer.discard()
      open = false
    },
  }
}

/** Bytes: of a file system, and of a bucket, whose whole key has 1,024 at most. */
const longestFileName = 255
const longestKeyPart = 800

async function problemsOf(
  config: FileSinkConfig,
  connection: S3Connection | null,
  ctx: ConnectorContext,
): Promise<readonly Problem[]> {
  if (isInBucket(config.path)) {
    // Whoever may list it may write it, for all that can be told without writing.
    const { files, own } = await targetOf(config, connection, ctx)
    await files.names(own)
    return []
  }
  const path = await absolutePath(config.path, ctx)
  const facts = await stat(path).catch(() => null)
  if (facts?.isDirectory() && config.singleFile) return [problem(`${path} is a folder.`)]
  if (facts?.isFile() && !config.singleFile)
    return [problem(`${path} is a file; parts need a folder.`, 'For one file say `singleFile: true`.')]
  if (!facts) return []
  const writable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
  return writable ? [] : [problem(`${path} may not be written by this user.`)]
}

const problem = (message: string, hint: string | null = null, pointer = '/path'): Problem => ({
  pointer,
  nodeId: null,
  code: 'config.invalid',
  message,
  hint,
})

function partitionProblems({ partitionBy = [] }: FileSinkConfig, input: Schema): readonly Problem[] {
  const missing = partitionBy.flatMap((name, at) =>
    input.length === 0 || input.some((column) => column.name === name)
      ? []
      : [problem(`There is no column \`${name}\`.`, nearestHint(name, namesOf(input)), `/partitionBy/${at}`)],
  )
  if (missing.length > 0 || input.length === 0 || partitionBy.length < input.length) return missing
  return [problem('No column is left for the files.', 'Leave one out of `partitionBy`.', '/partitionBy')]
}

const namesOf = (schema: Schema) => schema.map(({ name }) => name)
