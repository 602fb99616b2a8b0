import type { Log } from '../../core/ports/log.ts'
import { formatRecord, type Severity } from './log-line.ts'
import type { LogOptions } from './log.ts'
import { writeToStderr } from './stderr-line.ts'

const SEVERITIES: readonly Severity[] = ['debug', 'info', 'warn', 'error']

/** The same lines as those of `openLog`, without pino: for commands that begin and end in less time than it takes to load (9 ms). */
export function openPlainLog({ format, level, write = writeToStderr, now = Date.now }: LogOptions): Log {
  const least = level === 'trace' ? 0 : SEVERITIES.indexOf(level)
  const at =
    (severity: Severity): Log['info'] =>
    (event, message, facts = {}) => {
      if (SEVERITIES.indexOf(severity) < least) return
      write(`${formatRecord(format, { time: now(), severity, event, message, facts })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
