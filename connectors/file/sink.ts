import { access, constants, rm, stat } from 'node:fs/promises'
import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { ConnectorContext, Mark, OpenSink, Sink, SinkKey } from '../spi.js'
import { type CommitLog, type Manifest, openLog, type Part } from './commit-log.js'
import type { FileSinkConfig } from './config.js'
import { makeFolder, writeFault } from './durable.js'
import { partFormats } from './part-format.js'
import { partWriter } from './part-writer.js'
import { publishParts, publishSingleFile, replaceParts } from './publish.js'
import { logFolder, partName, readStarted, stagedFolder, startSink, type Target, targetOf } from './target.js'

/**
 * Writes parts into a folder. A part is staged, becomes the target's with the manifest of its epoch, which is created
 * exclusively (the commit point, I2), and is then given its final name.
 */
export function fileSink(config: FileSinkConfig, ctx: ConnectorContext): Sink {
  /** Parts get their names at once, or only when the job ends. */
  const atEnd = config.singleFile || config.mode === 'REPLACE'
  return {
    async check() {
      try {
        return await problemsOf(await targetOf(config, ctx), config)
      } catch (error) {
        const { code, message, hint } = toJobError(error)
        return [{ pointer: '/path', nodeId: null, code, message, hint: hint ?? null }]
      }
    },

    prepare: (keys, input) =>
      guarded(config, async () => {
        const target = await targetOf(config, ctx)
        await makeFolder(target.folder)
        for (const key of keys) {
          await startSink(target, key, input)
          await makeFolder(stagedFolder(logFolder(target, key)))
        }
      }),

    open: (key, fence) =>
      guarded(config, async () => {
        const target = await targetOf(config, ctx)
        const log = logFolder(target, key)
        const { manifests, commit } = await openLog(log, fence)
        if (!atEnd) await publishParts(target, log, manifests)
        return openSink(target, key, config, {
          committed: manifests.at(-1)?.mark ?? null,
          writer: partWriter(stagedFolder(log), partFormats[target.format], fence),
          async commit(mark, parts) {
            const manifest: Manifest = { fence, mark, parts }
            await commit(manifest)
            if (!atEnd) await publishParts(target, log, [manifest])
          },
        })
      }),

    finish: (keys, fence) =>
      guarded(config, async () => {
        if (keys.length === 0) return
        const target = await targetOf(config, ctx)
        const logs: CommitLog[] = []
        for (const key of keys) logs.push(await openLog(logFolder(target, key), fence))
        const manifests = new Map<SinkKey, readonly Manifest[]>(keys.map((key, at) => [key, logs[at]!.manifests]))
        const check = async () => {
          for (const log of logs) await log.check()
        }
        if (config.singleFile) await publishSingleFile(target, keys, manifests, check, config.mode === 'APPEND')
        else if (config.mode === 'REPLACE') await replaceParts(target, keys, manifests, check)
        else for (const [key, own] of manifests) await publishParts(target, logFolder(target, key), own)
        for (const key of keys) await rm(stagedFolder(logFolder(target, key)), { recursive: true, force: true })
      }),
  }
}

interface Opened {
  readonly committed: Mark | null
  readonly writer: ReturnType<typeof partWriter>
  commit(mark: Mark, parts: readonly Part[]): Promise<void>
}

function openSink(target: Target, key: SinkKey, config: FileSinkConfig, opened: Opened): OpenSink {
  const { writer } = opened
  const { stage } = writer
  let open = true
  return {
    committed: opened.committed,
    method: target.format.toUpperCase(),
    append: (batch, session) =>
      guarded(config, async () => {
        await writer.write(batch, session)
        return []
      }),
    ...(stage && { stageQuery: (query, session) => guarded(config, () => stage(query, session)) }),
    commit: (mark) =>
      guarded(config, async () => {
        await writer.sync()
        const started = (await readStarted(target, key))!
        const parts = writer.parts.map((staged, number) => ({
          staged,
          final: partName(started, key, mark.epoch, number, target.format),
        }))
        await opened.commit(mark, parts)
        open = false
      }),
    async close() {
      if (open) await writer.discard()
      open = false
    },
  }
}

async function problemsOf(target: Target, config: FileSinkConfig): Promise<readonly Problem[]> {
  const facts = await stat(target.path).catch(() => null)
  const problem = (message: string, hint: string | null): Problem => ({
    pointer: '/path',
    nodeId: null,
    code: 'config.invalid',
    message,
    hint,
  })
  if (facts?.isDirectory() && config.singleFile) return [problem(`${target.path} is a folder.`, null)]
  if (facts?.isFile() && !config.singleFile) {
    return [problem(`${target.path} is a file; parts need a folder.`, 'For one file say `singleFile: true`.')]
  }
  if (!facts) return []
  const writable = await access(target.path, constants.W_OK).then(
    () => true,
    () => false,
  )
  return writable ? [] : [problem(`${target.path} may not be written by this user.`, null)]
}

async function guarded<T>(config: FileSinkConfig, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw writeFault(config.path, error)
  }
}
