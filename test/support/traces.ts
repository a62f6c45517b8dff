/** Everything that a running stack leaves behind where somebody else may read it: tables, histories, logs, process arguments. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { onServer } from './lend.js'
import { temporalAddress } from './namespace.js'
import type { Stack } from './stack.js'

export async function tablesOf(url: string): Promise<string> {
  const tables = (await onServer(
    url,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  )) as { name: string }[]
  const rows = await Promise.all(tables.map(({ name }) => onServer(url, `SELECT * FROM \`${name}\``)))
  return JSON.stringify(rows)
}

/** As Temporal keeps them: nothing is decoded. */
export async function historiesOf({ namespace }: Pick<Stack, 'namespace'>): Promise<string> {
  const connection = await Connection.connect({ address: temporalAddress() })
  try {
    const client = new Client({ connection, namespace })
    const texts: string[] = []
    for await (const { workflowId, runId } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
      texts.push(JSON.stringify([workflowId, readable(history)]))
    }
    return texts.join('\n')
  } finally {
    await connection.close()
  }
}

/** Payloads are bytes, which a history's own JSON would write as base64: their text, wherever they are. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array || Buffer.isBuffer(value)) return Buffer.from(value).toString()
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readable(item)]))
}

export async function logsOf({ logs }: Pick<Stack, 'logs'>): Promise<string> {
  const names = (await readdir(logs)).filter((name) => name.endsWith('.log'))
  return (await Promise.all(names.map((name) => readFile(join(logs, name), 'utf8')))).join('\n')
}

/** Of every process of this machine. */
export async function argumentsOfProcesses(): Promise<string> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return lines.map((line) => line.replaceAll('\0', ' ')).join('\n')
}
