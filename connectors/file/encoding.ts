type Decoder = InstanceType<typeof TextDecoder>

export const isUtf8 = (encoding: string): boolean => /^utf-?8$/i.test(encoding)

/** In UTF-8. What says to be UTF-8 is left as it is, so that bad bytes are found record by record. */
export async function* decoded(chunks: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  if (isUtf8(encoding)) return yield* chunks
  let decoder: Decoder | null = null
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue
    decoder ??= decoderOf(markedAs(chunk, encoding))
    yield Buffer.from(decoder.decode(chunk, { stream: true }))
  }
  if (decoder) yield Buffer.from(decoder.decode())
}

/** One of the WHATWG Encoding Standard. */
export function isEncoding(encoding: string): boolean {
  try {
    return decoderOf(encoding) !== null
  } catch {
    return false
  }
}

const decoderOf = (encoding: string): Decoder =>
  new TextDecoder(encoding.toLowerCase().replace(/^latin-?1$/, 'latin1'), { fatal: true })

/** UTF-16 says in its first two bytes which one comes first. */
function markedAs(chunk: Uint8Array, encoding: string): string {
  if (!/^utf-?16$/i.test(encoding)) return encoding
  return chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-16le'
}
