import type { Log, LogFacts } from '../../src/core/ports/log.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly message: string
  readonly facts: LogFacts
}

export interface RecordingLog extends Log {
  readonly lines: readonly LogLine[]
}

/** Keeps every line. */
export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = []
  const at =
    (level: LogLine['level']) =>
    (event: string, message: string, facts: LogFacts = {}) => {
      lines.push({ level, event, message, facts })
    }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
