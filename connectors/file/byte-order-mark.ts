import { JobError } from '../../core/errors/job-error.js'
import { openText } from './open-text.js'
import type { TextFile } from './text-format.js'

/** Length of the UTF-8 byte order mark at the beginning, if there is one. Throws `source.unreadable` for what is no text in UTF-8. */
export async function byteOrderMark(file: TextFile): Promise<number> {
  const opened = await openText(file)
  try {
    const bytes = Buffer.alloc(4)
    const begins = bytes.toString('hex', 0, await opened.read(bytes, 0))
    const other = others.find(({ mark }) => begins.startsWith(mark))
    if (other) throw new JobError('source.unreadable', `The file ${file.shown} is ${other.is}.`, { hint: other.hint })
    return begins.startsWith('efbbbf') ? 3 : 0
  } finally {
    await opened.close()
  }
}

const asUtf8 = 'Write it anew in UTF-8: `iconv -f UTF-32 -t UTF-8`.'

/** What no text in UTF-8 begins with. */
const others: readonly { readonly mark: string; readonly is: string; readonly hint: string }[] = [
  { mark: 'fffe0000', is: 'written in UTF-32', hint: asUtf8 },
  { mark: '0000feff', is: 'written in UTF-32', hint: asUtf8 },
  { mark: 'fffe', is: 'written in UTF-16', hint: 'Say `encoding: utf-16`.' },
  { mark: 'feff', is: 'written in UTF-16', hint: 'Say `encoding: utf-16`.' },
  { mark: '1f8b', is: 'compressed', hint: 'Say `compression: gzip`.' },
  { mark: '28b52ffd', is: 'compressed', hint: 'Say `compression: zstd`.' },
  { mark: '504b0304', is: 'a ZIP archive, or a workbook', hint: 'Unpack it, or save it as CSV.' },
]
