import { fstatSync } from 'node:fs'
import type { LogRecord } from './log.ts'

/** The numbers of syslog(3). journald reads them from the front of a line. */
const PRIORITIES: Readonly<Record<LogRecord['level'], number>> = { debug: 7, info: 6, warn: 4, error: 3 }

/** The descriptor of stderr. */
const STDERR = 2

/**
 * True when stderr goes to journald. `stream` is JOURNAL_STREAM, which systemd sets to the device and inode
 * of the socket. A child whose stderr goes elsewhere inherits the variable, so that both are compared.
 */
export function isJournal(stream: string | undefined, descriptor = STDERR): boolean {
  if (stream === undefined) return false
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch {
    return false
  }
}

/** Returns a line as journald takes it: with its priority, and without the time, which journald adds. */
export function journalLine(level: LogRecord['level'], line: string): string {
  return `<${PRIORITIES[level]}>${line.replace(/^\S+ /, '')}`
}
