import { writeSync } from 'node:fs'
import { errnoOf } from '../core/errors.ts'
import type { Log, LogFacts } from '../core/ports.ts'
import { formatRecord, type LogFormat, type Severity } from './log-line.ts'

export interface LogOptions {
  readonly format: LogFormat
  /** The least important severity that is written; `trace` is `debug`. */
  readonly level: Severity | 'trace'
  /** Takes one whole line. Left out: stderr, written at once, so that a crash loses nothing. */
  readonly write?: (line: string) => void
  readonly now?: () => number
}

const ORDER = ['trace', 'debug', 'info', 'warn', 'error'] as const
const STDERR = 2
const MOST_RETRIES = 100

export function openLog({ format, level, write = writeToStderr, now = Date.now }: LogOptions): Log {
  const least = ORDER.indexOf(level)
  function log(severity: Severity, event: string, message: string, facts: LogFacts = {}): void {
    if (ORDER.indexOf(severity) < least) return
    write(`${formatRecord(format, { time: now(), severity, event, message, facts })}\n`)
  }
  return {
    debug: (event, message, facts) => log('debug', event, message, facts),
    info: (event, message, facts) => log('info', event, message, facts),
    warn: (event, message, facts) => log('warn', event, message, facts),
    error: (event, message, facts) => log('error', event, message, facts),
  }
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
