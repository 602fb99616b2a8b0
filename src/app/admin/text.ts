import { counted } from '../../core/text/units.ts'
import { tableLines, type Paint, type TableCell } from '../../core/text/table.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { InstanceStatus } from '../access/instance-status.ts'
import type { DryRun } from './by-hand.ts'
import type { DaemonReport, VolumeReport } from './report.ts'

/** Where the text is shown. */
interface Screen {
  readonly paint: Paint
  /** Notes are broken into lines of at most so many characters. Undefined: a note is one line. */
  readonly columns?: number | undefined
}

/** A longer name does not widen its column. With this, a row has less than 80 characters. */
const WIDEST_NAME = 24

/**
 * Returns the status for people: a summary in one line, a table of the volumes with notes below a row that
 * has some, and a table of the providers.
 */
export function statusText(report: DaemonReport, screen: Screen): string {
  const { volumes, providers, now } = report
  const lines = [
    summary(report),
    ...table(
      ['volume', 'state', 'mounts', 'generation', 'age', 'asked', 'next'],
      volumes.map((volume) => volumeRow(volume, now, screen.paint)),
      screen,
    ),
    ...table(
      ['provider', 'kind', 'users', 'requests/h', 'left', 'health'],
      providers.map((instance) => providerRow(instance, screen.paint)),
      screen,
    ),
    ...swarmTable(report, screen),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Returns the part of the status about Swarm secrets, for people. */
export function swarmStatusText(report: DaemonReport, screen: Screen): string {
  const { version, swarm } = report
  const failing = new Set(swarm?.troubles.map(({ secret }) => secret)).size
  const head =
    swarm === undefined
      ? 'no task has asked for a Swarm secret; only the plugin of the manager that leads is asked'
      : `${counted(swarmRows(report, screen.paint).length, 'Swarm secret')}, ${failing} with trouble`
  const lines = [`locket ${version}: ${head}`, ...swarmTable(report, screen)]
  return lines.map((line) => `${line}\n`).join('')
}

function swarmTable(report: DaemonReport, screen: Screen): string[] {
  return table(['swarm secret', 'served', 'last', 'state'], swarmRows(report, screen.paint), screen)
}

/** A row for each Swarm secret, with a note for each reason why a task did not get it. */
function swarmRows({ swarm, now }: DaemonReport, paint: Paint): Row[] {
  if (swarm === undefined) return []
  const { secrets, troubles } = swarm
  const names = [
    ...new Set([...secrets, ...troubles.map(({ secret }) => ({ name: secret }))].map(({ name }) => name)),
  ]
  return names.toSorted().map((name) => {
    const served = secrets.find((secret) => secret.name === name)
    const own = troubles.filter(({ secret }) => secret === name)
    const state = own.length === 0 ? 'ok' : counted(own.length, 'trouble')
    const ago = (time: string) => roughly(Date.parse(now) - Date.parse(time))
    return {
      cells: [
        { text: onOneLine(name) },
        { text: `${served?.served ?? 0}` },
        { text: served === undefined ? '-' : ago(served.last) },
        { text: state, paint: (text) => paint(own.length === 0 ? 'green' : 'red', text) },
      ],
      notes: own.map(
        ({ task, service, count, last, error }) =>
          `${task || service || 'a task'}: ${error} (${counted(count, 'time')}, last ${ago(last)} ago)`,
      ),
    }
  })
}

/** Returns the names and sizes of the files, and a summary. */
export function dryRunText({ files, references, warnings }: DryRun): string {
  const rows = files.map(({ path, bytes }) => [
    { text: bytes === null ? 'left out' : `${bytes}` },
    { text: onOneLine(path) },
  ])
  const total = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  const lines = [
    ...tableLines([[{ text: 'bytes' }, { text: 'file' }], ...rows], { right: [0] }),
    ...warnings.map((line) => `warning: ${onOneLine(line)}`),
    `${counted(files.length, 'file')}, ${counted(references, 'reference')}, ${total} bytes; nothing was written`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function summary({ version, volumes }: DaemonReport): string {
  const count = (of: (volume: VolumeReport) => boolean) => volumes.filter(of).length
  const stale = count(({ staleSince }) => staleSince !== null)
  const parts = [
    counted(volumes.length, 'volume'),
    `${count(({ state }) => state !== 'idle' && state !== 'orphaned')} mounted`,
    ...(stale === 0 ? [] : [`${stale} stale`]),
  ]
  return `locket ${version}: ${parts.join(', ')}`
}

interface Row {
  readonly cells: readonly TableCell[]
  readonly notes: readonly string[]
}

function volumeRow(volume: VolumeReport, now: string, paint: Paint): Row {
  const { name, state, mounts, generation, lastRender, nextRefreshInMs, staleSince, lastError, warnings } =
    volume
  const since = (time: string | null | undefined) =>
    time === null || time === undefined ? '-' : roughly(Date.parse(now) - Date.parse(time))
  return {
    cells: [
      { text: onOneLine(name) },
      stateCell(volume, paint),
      { text: `${mounts.length}` },
      { text: state === 'idle' || state === 'orphaned' ? '-' : `${generation?.number ?? '?'}` },
      { text: since(generation?.since) },
      { text: since(lastRender) },
      { text: nextRefreshInMs === null ? '-' : roughly(nextRefreshInMs) },
    ],
    notes: [
      ...(staleSince === null ? [] : [`stale since ${readable(staleSince)}, ${since(staleSince)} ago`]),
      ...(lastError === null ? [] : [`error: ${lastError}`]),
      ...warnings.map((line) => `warning: ${line}`),
    ],
  }
}

function stateCell({ state, staleSince, lastError }: VolumeReport, paint: Paint): TableCell {
  if (state === 'orphaned' || state === 'unused' || state === 'unrecorded')
    return { text: state, paint: (text) => paint('red', text) }
  if (staleSince !== null) return { text: 'stale', paint: (text) => paint('yellow', text) }
  if (lastError !== null) return { text: state, paint: (text) => paint('red', text) }
  return state === 'idle' ? { text: state } : { text: state, paint: (text) => paint('green', text) }
}

function providerRow(instance: InstanceStatus, paint: Paint): Row {
  const { name, kind, callers, status, trouble } = instance
  const failing = trouble === undefined ? [] : [`failing: ${trouble}`]
  const left = status?.limits.map((one) => `${one.left} of ${one.limit}`).join(', ') ?? ''
  return {
    cells: [
      { text: onOneLine(name) },
      { text: kind },
      { text: `${callers}` },
      { text: status === undefined ? '-' : `${status.requestsLastHour}` },
      { text: left === '' ? '-' : left },
      healthCell(instance, paint),
    ],
    notes: status?.paused === undefined ? failing : [`paused: ${status.paused}`],
  }
}

function healthCell({ status, trouble }: InstanceStatus, paint: Paint): TableCell {
  if (status?.paused !== undefined) return { text: 'paused', paint: (text) => paint('red', text) }
  if (status !== undefined && status.failures > 0)
    return { text: counted(status.failures, 'failure'), paint: (text) => paint('yellow', text) }
  if (trouble !== undefined) return { text: 'failing', paint: (text) => paint('red', text) }
  // Without a request there is nothing to tell: values may come from memory or from a cache.
  if (status === undefined || status.requests === 0) return { text: '-' }
  return { text: 'ok', paint: (text) => paint('green', text) }
}

/** Returns a blank line and the table; nothing when it has no rows. */
function table(heading: readonly string[], rows: readonly Row[], { columns }: Screen): string[] {
  if (rows.length === 0) return []
  const cells = [heading.map((text) => ({ text })), ...rows.map((row) => row.cells)]
  const [head = '', ...lines] = tableLines(cells, { widest: WIDEST_NAME })
  const notes = rows.map((row) => row.notes.flatMap((note) => wrapped(onOneLine(note), columns)))
  return ['', head, ...lines.flatMap((line, index) => [line, ...(notes[index] ?? [])])]
}

/** Breaks a note at spaces. Its first line is indented by 2, the others by 4. */
function wrapped(note: string, columns = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = []
  let line = '  '
  for (const word of note.split(' ')) {
    const isFirst = line.trim() === ''
    if (!isFirst && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = `    ${word}`
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line]
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const

/** Returns a duration in its largest unit: `12s`, `5m`, `3h`, `40d`. */
function roughly(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size) return `${Math.floor(ms / size)}${unit}`
  return `${Math.max(0, Math.round(ms / 1000))}s`
}

/** Returns an ISO time as `2026-11-30 05:00:00 UTC`. */
function readable(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`
}
