import { counted } from '../../core/text/units.ts'
import { formatError, onOneLine, type LocketError } from '../../core/vocabulary/errors.ts'
import { errorsOf, referenceFailure, warningCount, type CheckReport, type ReferenceReport } from './report.ts'
import { tableLines, type Paint, type TableCell } from '../../core/text/table.ts'
import type { FileReport } from './files.ts'
import type { SwarmCheckReport } from './swarm.ts'

type Colour = (text: string) => string

/**
 * Returns the report for people: the problems of each file, the providers, the references with the places
 * that use a failed one, and a summary in one line.
 */
export function checkText(report: CheckReport, paint: Paint): string {
  const good = (text: string) => paint('green', text)
  const bad = (text: string) => paint('red', text)
  const lines = [
    ...report.configFiles.map((file) => `configuration: read ${onOneLine(file)}`),
    ...(report.config.length === 0 ? [`configuration: ${good('ok')}`] : []),
    ...report.config.map((error) => `configuration: ${bad(formatError(error))}`),
    ...report.warnings.map((line) => warning('configuration', line)),
    ...report.notes,
    ...(report.swarm === undefined ? [] : swarmLines(report.swarm, good, bad)),
    ...report.files.flatMap((file) => [
      ...contentOf(file).map((content) => `${onOneLine(file.file)}: ${content}`),
      ...file.problems.map((error) => problem(file.file, error, bad)),
      ...file.warnings.map((line) => warning(file.file, line)),
    ]),
    ...table(
      ['provider', 'result', 'time'],
      report.providers.map(({ name, error, ms }) => ({
        cells: [
          { text: name },
          error === undefined ? { text: 'ok', paint: good } : { text: inRow(error), paint: bad },
          { text: `${ms} ms` },
        ],
      })),
    ),
    ...table(
      ['reference', 'provider', 'result', 'time'],
      report.references.map((reference) => ({
        cells: [
          { text: reference.text },
          { text: reference.provider },
          resultCell(reference, report, good, bad),
          { text: reference.result === undefined ? '' : `${reference.result.ms} ms` },
        ],
        notes: referenceFailure(reference) === undefined ? [] : reference.where.map((place) => `in ${place}`),
      })),
    ),
    '',
    summary(report),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Returns the problems of the Swarm, its managers, and what is compared between them. */
function swarmLines(swarm: SwarmCheckReport, good: Colour, bad: Colour): string[] {
  const { managers, problems, warnings, build, settings } = swarm
  return [
    ...problems.map((error) => `swarm: ${bad(formatError(error))}`),
    ...warnings.map((line) => warning('swarm', line)),
    ...(build === undefined
      ? []
      : [`swarm: build ${build}, settings ${settings}: the check prints the same on each manager`]),
    ...table(
      ['manager', 'state', 'secret driver'],
      managers.map(({ id, name, isHere, leads, isReachable, hasDriver }) => ({
        cells: [
          { text: `${name} (${isHere ? 'this one' : id})` },
          { text: leads ? 'leads' : isReachable ? 'reachable' : 'out of reach' },
          hasDriver ? { text: 'enabled', paint: good } : { text: 'not enabled', paint: bad },
        ],
      })),
    ),
  ]
}

/** Returns the line of a problem. The file is named once: by the reason, or in front of it. */
function problem(file: string, error: LocketError, bad: Colour): string {
  const line = bad(formatError(error, { origin: file, path: file }))
  const isNamed = error.facts.path === file && error.names.includes('path')
  return isNamed ? line : `${onOneLine(file)}: ${line}`
}

function warning(place: string, line: string): string {
  return onOneLine(`${place}: warning: ${line}`)
}

/** Returns what a file is, or nothing for a file that could not be read. */
function contentOf({ kind, volumes, services, problems }: FileReport): string[] {
  if (problems.length > 0 && volumes + services === 0) return []
  if (kind === 'template') return ['a template']
  return [
    `a compose file with ${counted(volumes, 'volume')} and ${counted(services, 'provider service')} of locket`,
  ]
}

/** Returns the text of an error in a table, whose row names the reference and the provider already. */
function inRow(error: LocketError): string {
  const { provider, references } = error.facts
  return formatError(error, { provider, references })
}

/** Returns the result of a reference. The failure of its provider is printed with the provider only. */
function resultCell(
  reference: ReferenceReport,
  { providers }: CheckReport,
  good: Colour,
  bad: Colour,
): TableCell {
  const { result } = reference
  if (result === undefined) return { text: 'not asked' }
  const failure = referenceFailure(reference)
  const isOfProvider = providers.some(({ error }) => error !== undefined && error === failure)
  if (isOfProvider) return { text: 'its provider failed, see above', paint: bad }
  if (failure !== undefined) return { text: inRow(failure), paint: bad }
  if (result.usesDefault) return { text: 'not there, its default is used', paint: good }
  const count = result.fields === undefined ? '' : `, ${counted(result.fields, 'field')}`
  return { text: `ok${count}`, paint: good }
}

/** `3 references ok, 1 failed, 1 other problem, 2 warnings` */
function summary(report: CheckReport): string {
  const { references } = report
  const asked = references.filter(({ result }) => result !== undefined)
  const failed = references.filter((reference) => referenceFailure(reference) !== undefined).length
  const others = errorsOf(report).length - failed
  const unasked = references.length - asked.length
  const warnings = warningCount(report)
  const parts =
    asked.length === 0 && unasked > 0
      ? [`${counted(references.length, 'reference')}, none asked for`]
      : [
          `${counted(asked.length - failed, 'reference')} ok`,
          `${failed} failed`,
          ...(unasked === 0 ? [] : [`${unasked} not asked for`]),
        ]
  return [
    ...parts,
    ...(others === 0 ? [] : [counted(others, 'other problem')]),
    ...(warnings === 0
      ? []
      : [`${counted(warnings, 'warning')}${report.strict ? ' (not ok with --strict)' : ''}`]),
  ].join(', ')
}

/**
 * Characters of the widest cell that sets a column's width. A wider cell is an error: it is read as a
 * sentence.
 */
const WIDEST = 60

interface Row {
  readonly cells: readonly TableCell[]
  /** Lines of their own below the row, indented. */
  readonly notes?: readonly string[]
}

/** Returns a blank line and the table; nothing when it has no rows. */
function table(heading: readonly string[], rows: readonly Row[]): string[] {
  if (rows.length === 0) return []
  const all: readonly Row[] = [{ cells: heading.map((text) => ({ text })) }, ...rows]
  const cells = all.map((row) => row.cells.map((cell) => ({ ...cell, text: onOneLine(cell.text) })))
  const lines = tableLines(cells, { widest: WIDEST })
  return [
    '',
    ...all.flatMap(({ notes = [] }, index) => [
      lines[index] ?? '',
      ...notes.map((line) => `  ${onOneLine(line)}`),
    ]),
  ]
}
