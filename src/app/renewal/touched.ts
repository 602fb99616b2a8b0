import { FIELD_PLACE } from '../../core/plan/field-names.ts'
import type { PlannedOutput } from '../../core/plan/output-plan.ts'
import type { Trigger } from './renewal.ts'

/** Knows which outputs have to be rendered: a change of a template asks for the secrets of that one only. */
export interface Touched {
  /** Returns a trigger that also records which files have changed. `watch`: opens the watch of the files. */
  triggerOf(watch: (onChange: (changed: readonly string[]) => void) => Promise<AsyncDisposable>): Trigger
  /**
   * Begins a delivery, with all changes since the last one that succeeded. The caller must dispose of it: the
   * changes of one that did not succeed then belong to the next. `isAll`: every output is to be rendered, as
   * in a refresh.
   */
  begin(isAll?: boolean): Delivery
}

/** One delivery of what has changed. */
export interface Delivery extends Disposable {
  /** True: one of these files has changed, or nothing was delivered yet. */
  concerns(paths: readonly string[]): boolean
  /**
   * Returns the outputs to render: those whose template has changed, those that are new, and those that were
   * incomplete. Outputs with a `*` are rendered together, because their files must not collide.
   */
  readonly choose: (planned: readonly PlannedOutput[]) => readonly PlannedOutput[]
  /** Call it when everything that was chosen is in place. `incomplete`: lack a secret. */
  succeeded(incomplete: ReadonlySet<string>): void
}

/** Makes a memory in which every output has to be rendered. */
export function createTouched(): Touched {
  /** Changed since the last delivery that succeeded. */
  let due = new Set<string>()
  /** The source of each output that is in place, by target. */
  let delivered: ReadonlyMap<string, string> | undefined
  return {
    triggerOf: (watch) => (fire) =>
      watch((changed) => {
        for (const path of changed) due.add(path)
        fire()
      }),
    begin(isAll = false) {
      const now = due
      // A change that comes during this delivery belongs to the next one.
      due = new Set()
      const before = delivered
      let planned: readonly PlannedOutput[] = []
      let isOver = false
      const isDue = ({ target, source }: PlannedOutput) =>
        before?.get(target) !== sourceOf(source) || (source.kind === 'file' && now.has(source.path))
      function giveBack(): void {
        if (!isOver) now.forEach((path) => due.add(path))
      }
      return {
        concerns: (paths) => isAll || before === undefined || paths.some((path) => now.has(path)),
        choose(outputs) {
          planned = outputs
          if (isAll) return outputs
          const chosen = outputs.filter(isDue)
          const isNewList = chosen.some(({ target }) => before?.has(target) !== true)
          const withStars = isNewList || chosen.some(hasStar)
          return withStars ? outputs.filter((output) => isDue(output) || hasStar(output)) : chosen
        },
        succeeded(incomplete) {
          isOver = true
          const complete = planned.filter(({ target }) => !incomplete.has(target))
          delivered = new Map(complete.map(({ target, source }) => [target, sourceOf(source)]))
        },
        [Symbol.dispose]: giveBack,
      }
    },
  }
}

/** Returns the targets of the outputs that these files come from. */
export function outputsOf(
  files: readonly { readonly target: string; readonly spreadFrom?: string }[],
): ReadonlySet<string> {
  return new Set(files.map(({ target, spreadFrom = target }) => spreadFrom))
}

function hasStar({ name = '' }: PlannedOutput): boolean {
  return name.includes(FIELD_PLACE)
}

/** Templates without a file never change. */
function sourceOf(source: PlannedOutput['source']): string {
  return source.kind === 'file' ? source.path : source.kind
}
