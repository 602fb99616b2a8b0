import { joinPath, liesUnder } from '../../core/plan/paths.ts'
import type { Changes, Place, PlacedFiles, PlaceOptions, SourceTrees } from '../../core/ports/files.ts'
import type { OutputTemplate } from '../recipe/outputs.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'
import type { Sink } from './sink.ts'

/** The rules for files that exist already and for files that are removed. */
export interface PlacesRules {
  readonly placing: PlaceOptions
  /**
   * For a file that exists and that this sink has not written: replace it, or refuse with `plan_conflict`.
   */
  readonly existing: 'replace' | 'refuse'
  /** The files that this sink removes: those that it made, or also those that it replaced. */
  readonly owns: 'made' | 'written'
}

/** Files at paths that users name. The names in its answers are absolute paths. */
export interface Places extends Sink<OutputTemplate> {
  /** `untouched`: outputs whose files stay as they are. */
  put(
    templates: readonly OutputTemplate[],
    rendered: Rendered<PreparedTemplate>,
    untouched?: readonly Pick<OutputTemplate, 'target'>[],
  ): Promise<Changes>
  /** Absolute paths of the files that it has written and not removed. */
  files(): readonly string[]
  /** Removes the files that it owns, and the folders that it made. Rejects with `io`. */
  clear(): Promise<void>
}

/** A file on disk that this sink has written. */
interface Entry {
  readonly place: Place
  readonly isOwned: boolean
  /** It holds all its secrets. */
  readonly isComplete: boolean
  readonly spreadFrom: string | undefined
}

/** Makes a sink for files at paths that users name. It has written no file yet. */
export function openPlaces(
  { placing, existing, owns }: PlacesRules,
  { placed, trees }: { readonly placed: PlacedFiles; readonly trees: SourceTrees },
): Places {
  /** By absolute path. */
  const entries = new Map<string, Entry>()
  const folders: string[] = []
  /** Files that were removed since the last answer: a `put` that rejects has removed files too. */
  let gone: string[] = []

  async function remove(targets: readonly string[]): Promise<void> {
    const owned = targets.filter((target) => entries.get(target)?.isOwned === true)
    if (owned.length === 0) return
    const places = owned.flatMap((target) => entries.get(target)?.place ?? [])
    await placed.remove(places, folders)
    for (const target of owned) entries.delete(target)
    gone.push(...owned)
  }

  return {
    files: () => [...entries.keys()],

    async put(templates, { contents, incomplete }, untouched = []) {
      // A file that holds all its secrets is never replaced by one that lacks some.
      const next = templates.filter(
        (template) => !incomplete.has(template) || entries.get(template.target)?.isComplete !== true,
      )
      const wanted = new Set([...templates, ...untouched].map(({ target }) => target))
      // The files of a `*` reference that has no value this time stay: its fields are not known.
      const lacking = templates.filter((template) => incomplete.has(template))
      const unknown = new Set([...lacking, ...untouched].map(({ target }) => target))
      const unwanted = [...entries].flatMap(([target, { spreadFrom = target }]) =>
        wanted.has(target) || unknown.has(spreadFrom) ? [] : [target],
      )
      for (const target of await findAliases(unwanted, untouched, trees)) entries.delete(target)
      await remove(await findInTheWay(unwanted, next, trees))
      const files = next.flatMap((template) => {
        const content = contents.get(template)
        const { target, folder, path, access } = template
        if (content === undefined) return []
        return [
          {
            template,
            target,
            folder,
            path,
            content,
            access,
            existing: entries.has(target) ? 'replace' : existing,
          } as const,
        ]
      })
      const done = await placed.write(files, placing)
      folders.push(...done.folders)
      const made = done.made.map(targetOf)
      for (const { template, target, folder, path } of files) {
        const isOwned = owns === 'written' || made.includes(target) || entries.get(target)?.isOwned === true
        const { spreadFrom } = template
        entries.set(target, {
          place: { folder, path },
          isOwned,
          isComplete: !incomplete.has(template),
          spreadFrom,
        })
      }
      await remove(unwanted)
      const answer = { changed: done.changed.map(targetOf), made, gone }
      gone = []
      return answer
    },

    async clear() {
      await placed.remove(
        [...entries.values()].filter(({ isOwned }) => isOwned).map(({ place }) => place),
        folders,
      )
    },
  }
}

/**
 * Returns those of `unwanted` that must be removed before anything is written: a file where a folder is
 * needed, a file below the place of a file, and another name of a file that is about to be written, which
 * would be removed afterwards. The rest stays until the new files are in place, because writing them may
 * fail.
 */
async function findInTheWay(
  unwanted: readonly string[],
  templates: readonly OutputTemplate[],
  trees: SourceTrees,
): Promise<string[]> {
  if (unwanted.length === 0) return []
  const wanted = await Promise.all(templates.map(({ target }) => nameOnDisk(target, trees)))
  const inTheWay: string[] = []
  for (const target of unwanted) {
    const path = await nameOnDisk(target, trees)
    if (wanted.some((other) => liesUnder(path, other) || liesUnder(other, path))) inTheWay.push(target)
  }
  return inTheWay
}

/** Returns those of `unwanted` that are other names of untouched files: removing them would remove these. */
async function findAliases(
  unwanted: readonly string[],
  untouched: readonly Pick<OutputTemplate, 'target'>[],
  trees: SourceTrees,
): Promise<string[]> {
  if (unwanted.length === 0) return []
  const kept = new Set(await Promise.all(untouched.map(({ target }) => nameOnDisk(target, trees))))
  const names = await Promise.all(unwanted.map((target) => nameOnDisk(target, trees)))
  return unwanted.filter((_, index) => kept.has(names[index] ?? ''))
}

/** Some file systems treat `A` and `a` as one name. */
async function nameOnDisk(target: string, trees: SourceTrees): Promise<string> {
  return (await trees.realPath(target)).toLowerCase()
}

function targetOf({ folder, path }: Place): string {
  return joinPath(folder, path)
}
