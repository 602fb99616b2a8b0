import type { Changes } from '../../core/ports/files.ts'
import type { ChildOptions } from '../../core/ports/process.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { PreparedVariable } from '../recipe/environment.ts'
import type { OutputTemplate } from '../recipe/outputs.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'
import { environmentOf, valuesOf } from './environment.ts'
import type { Places } from './places.ts'

/** What a child process is given. The caller wipes `rendered`. */
export interface ForChild {
  readonly variables: readonly PreparedVariable[]
  readonly outputs: readonly OutputTemplate[]
  readonly rendered: Rendered<PreparedTemplate>
}

/** What one delivery did. The files are in place; the environment waits for its process. */
export interface Handed {
  readonly env: ChildOptions['env']
  /** Names of variables. */
  readonly variables: Changes
  /** Absolute paths. */
  readonly files: Changes
  /**
   * To be called when a process runs with `env`. The next delivery is compared with the last one that was
   * accepted.
   */
  accept(): void
}

interface ChildRules {
  /** What the process has of the environment of this one. */
  readonly inherited: ChildOptions['env']
  readonly files: Places
}

/** The environment and the files of a child process. */
export interface ChildSink {
  /** Throws `unfit_value`, and then no file is written, when a value fits no environment. */
  put(given: ForChild): Promise<Handed>
}

export function openChildSink({ inherited, files }: ChildRules): ChildSink {
  const fingerprints = createFingerprints()
  let accepted: ReadonlyMap<string, string> = new Map()
  return {
    async put({ variables, outputs, rendered }) {
      const values = valuesOf(variables, rendered.contents)
      const env = { ...inherited, ...Object.fromEntries(environmentOf(values)) }
      const next = new Map(values.map(([{ name }, value]) => [name, fingerprints.of([[name, value]])]))
      const placed = await files.put(outputs, rendered)
      const accept = () => void (accepted = next)
      return { env, variables: compare(accepted, next), files: placed, accept }
    },
  }
}

function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changes {
  const names = [...after.keys()]
  return {
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
    made: names.filter((name) => !before.has(name)),
    gone: [...before.keys()].filter((name) => !after.has(name)),
  }
}
