import { pino, type LoggerOptions } from 'pino'
import type { Log } from '../../core/ports/log.ts'
import { formatRecord, type LogFormat, type LogRecord, type Severity } from './log-line.ts'
import { writeToStderr } from './stderr-line.ts'

export interface LogOptions {
  readonly format: LogFormat
  /** The least important severity that is written; `trace` is `debug`. */
  readonly level: Severity | 'trace'
  /** Takes one whole line. Left out: stderr, written at once, so that a crash loses nothing. */
  readonly write?: (line: string) => void
  readonly now?: () => number
}

/** pino decides what is written and makes JSON of it; how a line looks is ours. */
export function openLog({ format, level, write = writeToStderr, now = Date.now }: LogOptions): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":${now()}`,
    formatters: { level: (severity) => ({ severity }) },
  }
  const logger = pino(options, {
    write: (json: string) => write(`${formatRecord(format, recordOf(json))}\n`),
  })
  const at =
    (severity: Severity): Log['info'] =>
    (event, message, facts = {}) =>
      logger[severity]({ event, facts }, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function recordOf(json: string): LogRecord {
  return JSON.parse(json) as LogRecord
}
