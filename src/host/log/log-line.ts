import type { LogFacts } from '../../core/ports/log.ts'

export type LogFormat = 'text' | 'json' | 'compose'
export type Severity = 'debug' | 'info' | 'warn' | 'error'

export interface LogRecord {
  readonly time: number
  readonly severity: Severity
  readonly event: string
  readonly message: string
  readonly facts: LogFacts
}

/** One line without its end. Pure. */
export function formatRecord(format: LogFormat, record: LogRecord): string {
  if (format === 'json') return jsonLine(record)
  if (format === 'compose') return composeLine(record)
  return textLine(record)
}

/** `2026-11-22T04:50:00Z INFO volume.mounted mounted volume=db files=3` */
function textLine({ time, severity, event, message, facts }: LogRecord): string {
  const at = new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
  return [at, severity.toUpperCase(), event, ...said(message, facts)].join(' ')
}

function jsonLine({ time, severity, event, message, facts }: LogRecord): string {
  return asciiControls(
    JSON.stringify({ ...facts, time: new Date(time).toISOString(), level: severity, event, message }),
  )
}

/** What Compose reads from a provider: `info` and `error` are shown, `debug` is not. */
function composeLine({ severity, message, facts }: LogRecord): string {
  const type = severity === 'warn' ? 'info' : severity
  return asciiControls(JSON.stringify({ type, message: said(message, facts).join(' ') }))
}

function said(message: string, facts: LogFacts): string[] {
  const words = [plain(message)]
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined)
      words.push(`${plain(name)}=${typeof value === 'object' ? value.map(quoted).join(',') : quoted(value)}`)
  }
  return words
}

/** A value with spaces, quotes or control characters in JSON quotes, so that it can forge neither a field nor a line. */
function quoted(value: string | number | boolean): string {
  const text = String(value)
  return /^[^\s"=,\\\p{C}]+$/u.test(text) ? text : asciiControls(JSON.stringify(text))
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, codePoint)
}

/** JSON.stringify leaves DEL, C1, bidirectional and line separator characters as they are; a terminal acts on them. */
function asciiControls(json: string): string {
  return plain(json)
}

function codePoint(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
