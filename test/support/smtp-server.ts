/** A real mail server on a port of its own, with a certificate made for it. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface Mail {
  readonly to: readonly string[]
  readonly from: string
  readonly isEncrypted: boolean
  readonly user: string | null
  readonly raw: string
}

export interface MailServer {
  readonly port: number
  /** Of its certificate. */
  readonly ca: string
  readonly mails: Mail[]
  close(): Promise<void>
}

/** `secure`: TLS from the first byte. Whoever logs in needs `etl` and `mail-password-7`. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const { key, cert } = await certificate()
  const mails: Mail[] = []
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === 'etl' && password === 'mail-password-7') done(null, { user: username })
      else done(new Error('not you'))
    },
    onData(stream, session, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { envelope, secure, user } = session
        mails.push({
          to: envelope.rcptTo.map(({ address }) => address),
          from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
          isEncrypted: secure,
          user: (user as string | undefined) ?? null,
          raw: Buffer.concat(pieces).toString('utf8'),
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    ca: cert,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), 'etl-mail-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...[
        '-keyout',
        key,
        '-out',
        cert,
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1',
      ],
    ])
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
