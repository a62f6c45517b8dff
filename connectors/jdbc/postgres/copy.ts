/** COPY in both directions, on the driver's own messages. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Client } from 'pg'

interface Wire {
  readonly stream: Socket
  query(sql: string): void
  sendCopyFromChunk(chunk: Buffer): void
  sendCopyFail(message: string): void
  endCopyFrom(): void
}

/** What the driver asks of a query that is not one of its own. */
interface Submitted {
  submit(wire: Wire): void
  handleCopyInResponse(wire: Wire): void
  handleCopyData(message: { readonly chunk: Buffer }): void
  handleCommandComplete(message: { readonly text: string }): void
  handleError(error: unknown): void
  handleReadyForQuery(): void
}

/** Each message is a row. */
export async function copyOut(client: Client, sql: string, take: (row: Buffer) => void): Promise<void> {
  await submit(client, sql, { take })
}

/** Answers how many rows came in. Throws what the server says. */
export async function copyIn(client: Client, sql: string, chunks: AsyncIterable<Buffer>): Promise<number> {
  return await submit(client, sql, { give: chunks })
}

export function streamOf(client: Client): Wire['stream'] {
  return (client as unknown as { connection: Wire }).connection.stream
}

interface Flow {
  readonly take?: (row: Buffer) => void
  readonly give?: AsyncIterable<Buffer>
}

function submit(client: Client, sql: string, { take, give }: Flow): Promise<number> {
  return new Promise((resolve, reject) => {
    let copied = 0
    let failure: unknown
    const submitted: Submitted = {
      submit: (wire) => wire.query(sql),
      handleCopyInResponse: (wire) => {
        send(wire, give!, () => failure !== undefined).catch((error: unknown) => {
          // The server answers with an error of its own: this one came first.
          failure ??= error
          wire.sendCopyFail('the records cannot be read')
        })
      },
      handleCopyData: ({ chunk }) => take?.(chunk),
      handleCommandComplete: ({ text }) => {
        copied = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
      },
      handleError: (error) => {
        failure ??= error
        reject(failure)
      },
      handleReadyForQuery: () => resolve(copied),
    }
    client.query(submitted as never)
  })
}

async function send(wire: Wire, chunks: AsyncIterable<Buffer>, failed: () => boolean): Promise<void> {
  for await (const chunk of chunks) {
    if (failed()) return
    wire.sendCopyFromChunk(chunk)
    if (wire.stream.writableNeedDrain) await Promise.race([once(wire.stream, 'drain'), once(wire.stream, 'close')])
  }
  if (!failed()) wire.endCopyFrom()
}
