import { writeSync } from 'node:fs'
import { pino, type LoggerOptions } from 'pino'
import { errnoOf } from '../core/errors.ts'
import type { Log } from '../core/ports.ts'
import { formatRecord, type LogFormat, type LogRecord, type Severity } from './log-line.ts'

export interface LogOptions {
  readonly format: LogFormat
  /** The least important severity that is written; `trace` is `debug`. */
  readonly level: Severity | 'trace'
  /** Takes one whole line. Left out: stderr, written at once, so that a crash loses nothing. */
  readonly write?: (line: string) => void
  readonly now?: () => number
}

const STDERR = 2
const MOST_RETRIES = 100

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

/** A log that cannot be written never fails the work it tells of. */
function writeToStderr(line: string): void {
  const bytes = Buffer.from(line)
  for (let done = 0, retries = 0; done < bytes.length && retries < MOST_RETRIES;) {
    try {
      done += writeSync(STDERR, bytes, done)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') return
      // A pipe that its reader has not emptied yet: wait a little, then drop the line.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      retries += 1
    }
  }
}
