import { formatSize } from '../text/units.ts'
import { LocketError } from '../vocabulary/errors.ts'

/** The operator's limits of the content of one volume. */
export interface ContentCeilings {
  /** Most pairs of braces in all limited templates: references and other tags. */
  readonly references: number
  /** Largest total of the limited templates, and of the limited files, in bytes. */
  readonly renderedBytes: number
  /** Origins of the templates that are limited: those that driver options asked for. */
  readonly origins: ReadonlySet<string>
}

/**
 * The room that is left for one volume below its ceilings. The functions that add something throw `too_large`
 * when it is used up. `origin` says what adds.
 */
export interface Allowance {
  addTemplate(origin: string, bytes: number): void
  addTag(origin: string): void
  addFile(origin: string, bytes: number): void
  /** Throws the first error of the functions above again, if there was one. */
  check(): void
}

/**
 * Counts the templates of a volume when they are read, and its files before their memory is allocated. Both
 * have the same ceiling.
 */
export function createAllowance({ references, renderedBytes, origins }: ContentCeilings): Allowance {
  let exceeded: LocketError | undefined
  function check(): void {
    if (exceeded !== undefined) throw exceeded
  }
  function counter(most: number, reason: string, setting: string) {
    let total = 0
    return (origin: string, amount: number): void => {
      if (!origins.has(origin)) return
      check()
      total += amount
      if (total <= most) return
      exceeded = new LocketError('too_large', `${reason}, the operator's ${setting}`, { facts: { origin } })
      throw exceeded
    }
  }
  const shown = formatSize(renderedBytes)
  const size = 'max-volume-rendered-size'
  const addTag = counter(
    references,
    `the templates up to here have more than ${references} references or other {{ }}`,
    'max-volume-references',
  )
  return {
    addTemplate: counter(renderedBytes, `the templates up to here are larger than ${shown}`, size),
    addTag: (origin) => addTag(origin, 1),
    addFile: counter(renderedBytes, `the files up to here are larger than ${shown}`, size),
    check,
  }
}
