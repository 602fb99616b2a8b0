import { joinPath, liesUnder } from '../../core/plan/paths.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Place, PlaceOptions } from '../../core/ports/files.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { placeOutputs, type MaterializeDeps, type OutputTemplate } from '../recipe/materialize.ts'
import type { PreparedTemplate } from '../render/render.ts'

/** The files of a command, which end with it. */
export interface ExecFiles {
  /**
   * Writes them, and removes those of before that have no template any more. A file that was there before the command is refused, or
   * replaced and then kept, as `overwrite` says; one of its own is replaced.
   */
  place(
    templates: readonly OutputTemplate[],
    contents: ReadonlyMap<PreparedTemplate, Secret>,
  ): Promise<{ readonly changed: number }>
  /** Removes what was made. Never rejects: what stays is logged. */
  remove(): Promise<void>
}

export interface ExecFileRules {
  readonly placing: Omit<PlaceOptions, 'existing'>
  readonly overwrite: boolean
}

export function openExecFiles(
  { placing, overwrite }: ExecFileRules,
  deps: Pick<MaterializeDeps, 'placed'> & { readonly emit: Emit },
): ExecFiles {
  const { placed, emit } = deps
  const standing = new Set<string>()
  let made: readonly Place[] = []
  let folders: readonly string[] = []

  async function write(
    templates: readonly OutputTemplate[],
    contents: ReadonlyMap<PreparedTemplate, Secret>,
    existing: PlaceOptions['existing'],
  ): Promise<number> {
    const done = await placeOutputs(templates, contents, { ...placing, existing }, deps)
    made = [...made, ...done.made]
    folders = [...folders, ...done.folders]
    for (const template of templates) if (contents.has(template)) standing.add(template.target)
    return done.changed
  }

  async function removeThose(isGone: (target: string) => boolean): Promise<void> {
    const gone = made.filter((place) => isGone(targetOf(place)))
    if (gone.length === 0) return
    await placed.remove(gone, folders)
    made = made.filter((place) => !gone.includes(place))
    for (const place of gone) standing.delete(targetOf(place))
  }

  return {
    async place(templates, contents) {
      const wanted = new Set(templates.map(({ target }) => target))
      const isGone = (target: string) => !wanted.has(target)
      // First what a new file or its folder needs the place of; the rest stays until the new ones are in place.
      const isInTheWay = (target: string) =>
        [...wanted].some((other) => liesUnder(target, other) || liesUnder(other, target))
      await removeThose((target) => isGone(target) && isInTheWay(target))
      const own = templates.filter(({ target }) => standing.has(target))
      const fresh = templates.filter(({ target }) => !standing.has(target))
      const written = await write(fresh, contents, overwrite ? 'replace' : 'refuse')
      const changed = written + (await write(own, contents, 'replace'))
      await removeThose(isGone)
      return { changed }
    },
    async remove() {
      try {
        await placed.remove(made, folders)
      } catch (thrown) {
        const error = formatError(toLocketError(thrown))
        emit('exec.files.left', { error })
      }
    },
  }
}

function targetOf({ folder, path }: Place): string {
  return joinPath(folder, path)
}
