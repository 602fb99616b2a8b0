import { tableLines, type Paint } from '../../core/text/table.ts'
import { counted } from '../../core/text/units.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { Diagnosis } from './doctor.ts'

const COLOURS = { ok: 'green', note: 'yellow', problem: 'red' } as const

/** Returns the findings for people, each with its cure below it. */
export function doctorText(found: readonly Diagnosis[], paint: Paint): string {
  const rows = tableLines(
    found.map(({ check, level, text }) => [
      { text: onOneLine(check) },
      { text: level, paint: (plain) => paint(COLOURS[level], plain) },
      { text: onOneLine(text) },
    ]),
  )
  const lines = found.flatMap(({ cure }, index) => [
    rows[index] ?? '',
    ...(cure === undefined ? [] : [`  cure: ${onOneLine(cure)}`]),
  ])
  const count = (wanted: Diagnosis['level']) => found.filter(({ level }) => level === wanted).length
  const summary = `${counted(count('problem'), 'problem')}, ${counted(count('note'), 'note')}`
  return [...lines, '', summary].map((line) => `${line}\n`).join('')
}

/** Returns the findings as one JSON document. */
export function doctorJson(found: readonly Diagnosis[]): string {
  const checks = found.map(({ check, level, text, cure }) => ({
    check: onOneLine(check),
    level,
    text: onOneLine(text),
    ...(cure === undefined ? {} : { cure: onOneLine(cure) }),
  }))
  return `${JSON.stringify({ ok: isHealthy(found), checks }, undefined, 2)}\n`
}

/** True when nothing is a problem. */
export function isHealthy(found: readonly Diagnosis[]): boolean {
  return found.every(({ level }) => level !== 'problem')
}
