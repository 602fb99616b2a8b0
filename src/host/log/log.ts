import { writeSync } from 'node:fs'
import type { EventListener } from '../../core/ports/events.ts'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { EventLevel } from '../../core/vocabulary/events/row.ts'
import { eventText, type EventText, type LogFacts } from '../../core/ports/event-text.ts'

/** How a log line looks. */
type LogFormat = 'text' | 'json' | 'compose'

/** Which events are written, how, and to where. */
export interface LogOptions {
  readonly format: LogFormat
  /** The least important level that is written. `trace` is the same as `debug`. */
  readonly level: EventLevel | 'trace'
  /** The level that errors are written with. Default: `error`. */
  readonly errorsAs?: EventLevel
  /** Takes one whole line. Default: writes to stderr at once, so that a crash loses nothing. */
  readonly write?: (line: string) => void
  /** Returns milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number
  /** The variable JOURNAL_STREAM. Only the daemon's log looks at it. */
  readonly journal?: string | undefined
}

/** The content of one log line. */
export interface LogRecord extends EventText {
  /** Milliseconds since the epoch. */
  readonly time: number
}

const LEVELS: readonly EventLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * Returns a listener that writes each event as one line. It does not use pino, whose loading takes 9 ms:
 * longer than some commands run. The daemon uses pino-log.ts, which writes the same lines.
 */
export function openLog(options: LogOptions): EventListener {
  const { format, level: threshold, errorsAs = 'error', write = writeToStderr, now = Date.now } = options
  const least = threshold === 'trace' ? 0 : LEVELS.indexOf(threshold)
  return (event) => {
    const text = eventText(event)
    const level = text.level === 'error' ? errorsAs : text.level
    if (LEVELS.indexOf(level) >= least) write(`${formatRecord(format, { ...text, level, time: now() })}\n`)
  }
}

/** Returns one line without its line end. */
export function formatRecord(format: LogFormat, record: LogRecord): string {
  if (format === 'json') return jsonLine(record)
  if (format === 'compose') return composeLine(record)
  return textLine(record)
}

/** `2026-11-22T04:50:00Z INFO volume.mounted mounted volume=db files=3` */
function textLine({ time, level, event, message, facts }: LogRecord): string {
  const at = new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
  return [at, level.toUpperCase(), event, ...wordsOf(message, facts)].join(' ')
}

function jsonLine({ time, level, event, message, facts }: LogRecord): string {
  return plain(JSON.stringify({ ...facts, time: new Date(time).toISOString(), level, event, message }))
}

/** A line that Compose reads from a provider: it shows `info` and `error`, and hides `debug`. */
function composeLine({ level, message, facts }: LogRecord): string {
  const type = level === 'warn' ? 'info' : level
  return plain(JSON.stringify({ type, message: wordsOf(message, facts).join(' ') }))
}

function wordsOf(message: string, facts: LogFacts): string[] {
  const words = [plain(message)]
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined)
      words.push(`${plain(name)}=${typeof value === 'object' ? value.map(quoted).join(',') : quoted(value)}`)
  }
  return words
}

/**
 * Returns a value for a line of text. A value with spaces, quotes or control characters is put into JSON
 * quotes, so that it can forge neither a field nor a line.
 */
function quoted(value: string | number | boolean): string {
  const text = String(value)
  return /^[^\s"=,\\\p{C}]+$/u.test(text) ? text : plain(JSON.stringify(text))
}

/**
 * Escapes the characters that JSON.stringify leaves and a terminal acts on: DEL, C1, bidirectional and line
 * separator characters.
 */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, codePoint)
}

function codePoint(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}

const STDERR = 2
const MOST_RETRIES = 100

/**
 * Writes to stderr at once. Never throws: a log that cannot be written must not fail the work that it
 * reports.
 */
export function writeToStderr(line: string): void {
  const bytes = Buffer.from(line)
  for (let done = 0, retries = 0; done < bytes.length && retries < MOST_RETRIES;) {
    try {
      done += writeSync(STDERR, bytes, done)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') return
      // A full pipe: wait 1 ms for its reader, at most 100 times, then drop the line.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      retries += 1
    }
  }
}
