import type { Changes } from '../../core/ports/files.ts'
import type { ChildOptions } from '../../core/ports/process.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { PreparedVariable } from '../recipe/environment.ts'
import type { OutputTemplate } from '../recipe/outputs.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'
import { environmentOf, valuesOf } from './environment.ts'
import type { Places } from './places.ts'

/** The variables and files for a child process. The caller must wipe `rendered`. */
export interface ForChild {
  /** Undefined: the variables stay as they are. */
  readonly variables: readonly PreparedVariable[] | undefined
  readonly outputs: readonly OutputTemplate[]
  /** Outputs whose files stay as they are. */
  readonly untouched: readonly Pick<OutputTemplate, 'target'>[]
  readonly rendered: Rendered<PreparedTemplate>
}

/** The result of one delivery. The files are in place; the environment is for the next process. */
export interface Handed {
  readonly env: ChildOptions['env']
  /** Names of variables. */
  readonly variables: Changes
  /** Absolute paths. */
  readonly files: Changes
  /** Call it when a process runs with `env`. The next delivery is compared with the last accepted one. */
  accept(): void
}

interface ChildRules {
  /** The variables of this process that the child inherits. */
  readonly inherited: ChildOptions['env']
  /** By the name of a provider: inherited variables that are left out once a value has come from it. */
  readonly withheld: ReadonlyMap<string, readonly string[]>
  readonly files: Places
  /**
   * False: `put` is called once, and every variable counts as made. Fingerprints load `node:crypto`, which
   * takes 8 ms of a short command.
   */
  readonly isRepeated: boolean
}

/** The environment and the files of a child process. */
export interface ChildSink {
  /**
   * Writes the files and returns the environment. Rejects with `unfit_value`, before a file is written, when
   * a value cannot be put into an environment.
   */
  put(given: ForChild): Promise<Handed>
}

/** Makes the sink of a child process. `files` is the sink of its files. */
export function openChildSink({ inherited, withheld, files, isRepeated }: ChildRules): ChildSink {
  const fingerprints = isRepeated ? createFingerprints() : undefined
  let accepted: ReadonlyMap<string, string> = new Map()
  const kept = new Map(Object.entries(inherited))
  let lastOwn: ChildOptions['env'] = {}
  return {
    async put({ variables, outputs, untouched, rendered }) {
      for (const { template } of [...(variables ?? []), ...outputs])
        for (const { provider } of template.refs)
          for (const name of withheld.get(provider) ?? []) kept.delete(name)
      if (variables === undefined) {
        const placed = await files.put(outputs, rendered, untouched)
        return {
          env: { ...Object.fromEntries(kept), ...lastOwn },
          variables: compare(accepted, accepted),
          files: placed,
          accept: () => undefined,
        }
      }
      const values = valuesOf(variables, rendered.contents)
      const own = Object.fromEntries(environmentOf(values))
      const env = { ...Object.fromEntries(kept), ...own }
      const next = new Map(
        values.map(([{ name }, value]) => [name, fingerprints?.of([[name, value]]) ?? 'made']),
      )
      const placed = await files.put(outputs, rendered, untouched)
      const accept = (): void => {
        accepted = next
        lastOwn = own
      }
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
