import type { Clock, FileTree, Log, MountTable, SourceFiles } from './core/ports.ts'

/** The machine, as one plain object. A use case names the slice it needs with `Pick`. */
export interface Deps {
  readonly clock: Clock
  readonly log: Log
  readonly sources: SourceFiles
  readonly mounts: MountTable
  readonly tree: FileTree
}
