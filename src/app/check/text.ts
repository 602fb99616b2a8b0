import { formatError, onOneLine, type LocketError } from '../../core/vocabulary/errors.ts'
import { errorsOf, referenceFailure, type CheckReport, type ReferenceReport } from './check.ts'
import { tableLines, type TableCell } from '../../core/text/table.ts'
import type { FileReport } from './files.ts'

/** Colours a text for a terminal, or returns it as it is. */
export type Paint = (color: 'green' | 'red', text: string) => string

/** Returns the report for people: problems by their place, the providers, the references, and a summary in one line. */
export function checkText(report: CheckReport, paint: Paint): string {
  const good = (text: string) => paint('green', text)
  const bad = (text: string) => paint('red', text)
  const wrong = (place: string, error: LocketError) => `${place}: ${bad(formatError(error))}`
  const lines = [
    ...(report.config.length === 0 ? [`configuration: ${good('ok')}`] : []),
    ...report.config.map((error) => wrong('configuration', error)),
    ...report.warnings.map((line) => warning('configuration', line)),
    ...report.files.flatMap((file) => [
      ...contentOf(file).map((content) => `${onOneLine(file.file)}: ${content}`),
      ...file.problems.map((error) => wrong(onOneLine(file.file), error)),
      ...file.warnings.map((line) => warning(file.file, line)),
    ]),
    ...table(
      ['provider', 'result', 'time'],
      report.providers.map(({ name, error, ms }) => [
        { text: name },
        error === undefined ? { text: 'ok', paint: good } : { text: formatError(error), paint: bad },
        { text: `${ms} ms` },
      ]),
    ),
    ...table(
      ['reference', 'provider', 'result', 'time'],
      report.references.map((reference) => [
        { text: reference.text },
        { text: reference.provider },
        resultCell(reference, good, bad),
        { text: reference.result === undefined ? '' : `${reference.result.ms} ms` },
      ]),
    ),
    '',
    summary(report),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function warning(place: string, line: string): string {
  return onOneLine(`${place}: warning: ${line}`)
}

/** Says what a file holds. Returns nothing for a file that could not be read. */
function contentOf({ kind, volumes, services, problems }: FileReport): string[] {
  if (problems.length > 0 && volumes + services === 0) return []
  if (kind === 'template') return ['a template']
  return [
    `a compose file with ${counted(volumes, 'volume')} and ${counted(services, 'provider service')} of locket`,
  ]
}

function resultCell(
  { result, ...reference }: ReferenceReport,
  good: TableCell['paint'],
  bad: TableCell['paint'],
): TableCell {
  if (result === undefined) return { text: 'not asked' }
  const failure = referenceFailure({ result, ...reference })
  if (failure !== undefined) return { text: formatError(failure), paint: bad }
  return { text: result.usesDefault ? 'not there, its default stands in' : 'ok', paint: good }
}

/** `3 references ok, 1 failed` */
function summary(report: CheckReport): string {
  const { references } = report
  const asked = references.filter(({ result }) => result !== undefined)
  const failed = references.filter((reference) => referenceFailure(reference) !== undefined).length
  const others = errorsOf(report).length - failed
  const parts =
    asked.length < references.length
      ? [`${counted(references.length, 'reference')}, none asked for`]
      : [`${counted(asked.length - failed, 'reference')} ok`, `${failed} failed`]
  return [...parts, ...(others === 0 ? [] : [counted(others, 'other problem')])].join(', ')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A longer cell is read as a sentence, not as a column. */
const WIDEST = 60

/** Returns a blank line and the table; nothing when it has no rows. */
function table(heading: readonly string[], rows: readonly (readonly TableCell[])[]): string[] {
  if (rows.length === 0) return []
  const cells = [heading.map((text): TableCell => ({ text })), ...rows].map((row) =>
    row.map((cell) => ({ ...cell, text: onOneLine(cell.text) })),
  )
  return ['', ...tableLines(cells, { widest: WIDEST })]
}
