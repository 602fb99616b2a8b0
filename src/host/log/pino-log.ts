import { pino, type LoggerOptions } from 'pino'
import type { EventListener } from '../../core/ports/events.ts'
import { eventText } from '../../core/ports/event-text.ts'
import { isJournal, journalLine } from './journal.ts'
import { formatRecord, writeToStderr, type LogOptions, type LogRecord } from './log.ts'

/**
 * Returns a listener that writes each event as one line, for the daemon. pino decides which events are
 * written and makes JSON of each; `formatRecord` makes the line. `errorsAs` is for commands only, and is
 * ignored here.
 */
export function openPinoLog({
  format,
  level,
  write = writeToStderr,
  now = Date.now,
  journal,
}: LogOptions): EventListener {
  const isForJournal = format === 'text' && isJournal(journal)
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":${now()}`,
    formatters: { level: (label) => ({ level: label }) },
  }
  const logger = pino(options, {
    write: (json: string) => {
      const record = JSON.parse(json) as LogRecord
      const line = formatRecord(format, record)
      write(`${isForJournal ? journalLine(record.level, line) : line}\n`)
    },
  })
  return (event) => {
    const { level: severity, event: name, facts, message } = eventText(event)
    logger[severity]({ event: name, facts }, message)
  }
}
