import type { Logger, LogMetadata } from '@temporalio/common'
import { type Logger as Pino, pino } from 'pino'

/** JSON lines on stderr: stdout belongs to answers. */
export function createLog(name: string, level: string): Pino {
  return pino(
    { name, level, redact: { paths: ['*.password', '*.token', '*.secret', 'password', 'token'], censor: '***' } },
    pino.destination(2),
  )
}

/** Temporal's own lines in the same stream. */
export function temporalLogger(log: Pino): Logger {
  const write = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: LogMetadata) =>
    log[level](meta ?? {}, message)
  return {
    log: (level, message, meta) => write(level.toLowerCase() as 'info')(message, meta),
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}
