import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { ConnectorContext } from '../spi.js'
import { bucketPath } from './bucket-path.js'
import type { S3Connection } from './config.js'
import { changed } from './file-fault.js'
import type { Files, ListedFile } from './files.js'
import { keyMatcher } from './pattern.js'

/** Each look is a request that is paid for. */
const everyMs = 5000

/** Objects that a path or a pattern names. */
export function bucketFiles(path: string, connection: S3Connection | null, ctx: ConnectorContext): Files {
  const { bucket, key: pattern } = bucketPath(path, connection, ctx)
  const root = `s3://${bucket.place.bucket}/`
  const keyOf = (file: ListedFile) => file.path.slice(root.length)

  async function* found(): AsyncGenerator<ListedFile, void, void> {
    const matcher = keyMatcher(pattern)
    // An object whose name looks like a pattern is that object.
    const named = await bucket.facts(pattern)
    const all = named !== null ? [named] : matcher === null ? [] : bucket.list(matcher.prefix)
    for await (const { key, sizeBytes, modifiedMs, etag } of all)
      if (named !== null || matcher?.matches(key) === true)
        yield { path: root + key, size: sizeBytes, mtimeMs: modifiedMs, etag }
  }

  return {
    async list() {
      const files: ListedFile[] = []
      for await (const file of found()) files.push(file)
      if (files.length > 0) return files.sort((a, b) => (a.path < b.path ? -1 : 1))
      const message = keyMatcher(pattern) === null ? `There is no file ${path}.` : `No file matches ${path}.`
      throw new JobError('source.missing', message, { pointer: '/path' })
    },

    async checkUnchanged(file) {
      const now = await bucket.facts(keyOf(file))
      if (now === null) throw new JobError('source.missing', `There is no file ${file.path}.`, { pointer: '/path' })
      if (now.etag !== file.etag) throw changed(file.path)
    },

    async awaitNew(isKnown, signal) {
      while (!signal.aborted) {
        for await (const file of found()) if (!isKnown(file.path)) return
        await sleep(everyMs, undefined, { signal }).catch(() => undefined)
      }
    },

    open: (file) => ({
      async read(bytes, from) {
        const to = Math.min(file.size, from + bytes.length)
        if (to <= from) return 0
        const part = await bucket.bytes(keyOf(file), { from, to }, file.etag)
        if (part === null) throw changed(file.path)
        bytes.set(part)
        return part.length
      },
      close: async () => undefined,
    }),

    async fetch(file, folder) {
      const local = join(folder, `${randomUUID()}.input`)
      if (!(await bucket.download(keyOf(file), local, file.etag))) throw changed(file.path)
      return local
    },
  }
}
