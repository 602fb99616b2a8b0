import { hashOf, parseChained } from '../../core/audit/chain.ts'
import { checkLogFile, checkLog, type CheckedLog } from '../../core/audit/verify.ts'
import type { AuditFiles } from '../../core/ports/audit-log.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { TableCell } from '../../core/text/table.ts'

/** A log whose chain was checked. */
interface VerifiedLog extends CheckedLog {
  /** True: a line with the expected hash was found. Undefined: no hash was expected. */
  readonly isFound: boolean | undefined
}

/** Reads the files of a log and checks its chain. Rejects with `io`. */
export async function verifyLog(
  paths: readonly string[],
  { lines }: Pick<AuditFiles, 'lines'>,
  expected: string | undefined,
): Promise<VerifiedLog> {
  let isFound = expected === undefined ? undefined : false
  const checked = []
  for (const path of paths) {
    const check = checkLogFile(path)
    for await (const { bytes, isWhole } of lines(path)) {
      check.add(bytes, isWhole)
      if (isFound === false && hashOf(bytes) === expected) isFound = true
    }
    checked.push(check.result())
  }
  return { ...checkLog(checked), isFound }
}

/** Which lines are shown. Times in milliseconds since the epoch. */
interface Filter {
  readonly volume?: string | undefined
  /** The beginning of a reference. */
  readonly reference?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** A line that is shown. */
interface ShownLine {
  /** The line as it is in the log. */
  readonly text: string
  /** One row for each of its references that the filter lets through, or one row for a line without any. */
  readonly rows: readonly (readonly TableCell[])[]
}

/** The heads of the columns of `ShownLine.rows`. */
export const HEADS: readonly TableCell[] = [
  'TIME',
  'ACTION',
  'VOLUME',
  'MOUNT',
  'PROVIDER',
  'REFERENCE',
  'OUTCOME',
  'FINGERPRINT',
].map((text) => ({ text }))

/**
 * Reads the lines that the filter lets through. Lines that cannot be read are left out. Rejects with `io`.
 */
export async function* shownLines(
  paths: readonly string[],
  { lines }: Pick<AuditFiles, 'lines'>,
  filter: Filter,
): AsyncGenerator<ShownLine> {
  for (const path of paths) {
    for await (const { bytes, isWhole } of lines(path)) {
      const text = new TextDecoder().decode(bytes)
      const facts = isWhole ? parseChained(text)?.facts : undefined
      if (facts === undefined || !isWanted(facts, filter)) continue
      const rows = rowsOf(facts, filter.reference)
      if (rows.length > 0) yield { text, rows }
    }
  }
}

type Facts = Readonly<Record<string, unknown>>

function isWanted(facts: Facts, { volume, since, until }: Filter): boolean {
  const time = Date.parse(textOf(facts, 'time'))
  if (volume !== undefined && facts['volume'] !== volume) return false
  return !(since !== undefined && time < since) && !(until !== undefined && time > until)
}

function rowsOf(facts: Facts, reference: string | undefined): readonly (readonly TableCell[])[] {
  const time = textOf(facts, 'time').slice(0, 19).replace('T', ' ')
  const mount = textOf(facts, 'mountId').slice(0, MOUNT_DIGITS)
  const head = [time, textOf(facts, 'action'), textOf(facts, 'volume'), mount, textOf(facts, 'provider')]
  const values = valuesOf(facts)
  if (values.length === 0) {
    if (reference !== undefined) return []
    return [cells([...head, '', textOf(facts, 'outcome'), textOf(facts, 'note')])]
  }
  return values
    .filter((value) => reference === undefined || textOf(value, 'reference').startsWith(reference))
    .map((value) => {
      const print = textOf(value, 'fingerprint').slice(0, PRINT_DIGITS)
      return cells([...head, textOf(value, 'reference'), textOf(value, 'outcome'), print])
    })
}

/** As many digits of a mount ID as the engine's own commands show. */
const MOUNT_DIGITS = 12
const PRINT_DIGITS = 10

function valuesOf(facts: Facts): readonly Facts[] {
  const { values } = facts
  if (!Array.isArray(values)) return []
  return values.filter((value): value is Facts => typeof value === 'object' && value !== null)
}

function textOf(facts: Facts, name: string): string {
  const value = facts[name]
  return typeof value === 'string' ? value : ''
}

function cells(texts: readonly string[]): readonly TableCell[] {
  return texts.map((text) => ({ text: onOneLine(text) }))
}
