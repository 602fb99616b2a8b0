import { FIRST, hashOf, parseChained } from './chain.ts'

/** The result of reading one file of a log. */
export interface CheckedLogFile {
  readonly path: string
  readonly lines: number
  /** The hash that the first line names as the one before it. Undefined: the file has no line. */
  readonly after: string | undefined
  /** The hash of the last line. */
  readonly last: string | undefined
  /** Breaks of the chain, one line each. */
  readonly faults: readonly string[]
  /** Things that the log itself tells, such as a repaired line. */
  readonly remarks: readonly string[]
}

/** Checks the lines of one file in their order. */
interface FileCheck {
  /** `isWhole`: the line ends with a line break. Only the last line of a file may lack it. */
  add(line: Uint8Array, isWhole: boolean): void
  result(): CheckedLogFile
}

/** Faults of one file that are listed. */
const MOST_FAULTS = 20

/** Begins the check of one file. */
export function checkLogFile(path: string): FileCheck {
  const faults: string[] = []
  const remarks: string[] = []
  let lines = 0
  let unlisted = 0
  let after: string | undefined
  let last: string | undefined

  function fault(text: string): void {
    if (faults.length < MOST_FAULTS) faults.push(text)
    else unlisted += 1
  }

  return {
    add(bytes, isWhole) {
      lines += 1
      const place = `${path}:${lines}`
      if (!isWhole) {
        remarks.push(`${place} is not complete: the daemon is writing it, or removes it at its next start`)
        return
      }
      const read = parseChained(new TextDecoder().decode(bytes))
      if (read === undefined) fault(`${place} is not a line of an audit log`)
      else if (last !== undefined && read.previous !== last)
        fault(`${place} does not follow the line before it: a line was changed, removed or added`)
      if (lines === 1) after = read?.previous
      const { action, note } = read?.facts ?? {}
      if ((action === 'repaired' || action === 'gap') && typeof note === 'string')
        remarks.push(`${place}: ${note}`)
      last = hashOf(bytes)
    },
    result: () => ({
      path,
      lines,
      after,
      last,
      faults: unlisted === 0 ? faults : [...faults, `${path}: ${unlisted} more`],
      remarks,
    }),
  }
}

/** The files of one log in their order, and the breaks between them. */
export interface CheckedLog {
  readonly files: readonly CheckedLogFile[]
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
  /** The hash of the last line of all. */
  readonly last: string | undefined
}

/** Puts the files of a log in order, by the hashes with which they continue each other. */
export function checkLog(files: readonly CheckedLogFile[]): CheckedLog {
  const filled = files.filter(({ last }) => last !== undefined)
  const isContinuation = ({ after }: CheckedLogFile) => filled.some(({ last }) => last === after)
  const starts = filled
    .filter((file) => !isContinuation(file))
    .toSorted((a, b) => Number(b.after === FIRST) - Number(a.after === FIRST))
  const ordered: CheckedLogFile[] = []
  for (const start of starts) {
    for (let next: CheckedLogFile | undefined = start; next !== undefined && !ordered.includes(next);) {
      ordered.push(next)
      const { last }: CheckedLogFile = next
      next = filled.find(({ after }) => after === last)
    }
  }
  const [first, ...others] = starts
  const begins =
    first === undefined || first.after === FIRST
      ? []
      : [`${first.path} continues a file that is not among these`]
  const breaks = others.map(({ path }) => `${path} does not continue any of the files`)
  return {
    files: ordered,
    faults: [...files.flatMap((file) => file.faults), ...breaks],
    remarks: [...begins, ...ordered.flatMap((file) => file.remarks)],
    last: ordered.at(-1)?.last,
  }
}
