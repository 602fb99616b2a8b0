import type { VolumeConfig } from '../config/volume/volume-config.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { Emit } from '../core/ports/events.ts'
import type { FileTree, PlacedFiles, SourceFiles, SourceTrees, WatchPaths } from '../core/ports/files.ts'
import type { HostFacts, MountTable } from '../core/ports/mounts.ts'
import type { ListenSignals, Programs } from '../core/ports/process.ts'
import type { Resolve } from '../core/vocabulary/resolve.ts'

/** The settings of a volume's tmpfs, and the upper limit of its inodes. */
type VolumeTmpfs = VolumeConfig['tmpfs'] & { readonly inodes: number }

/** The ports of the use cases. Each use case names those that it needs: `Pick<Machine, 'clock' | 'emit'>`. */
export interface Machine {
  readonly clock: Clock
  readonly emit: Emit
  readonly sources: SourceFiles
  readonly trees: SourceTrees
  readonly placed: PlacedFiles
  readonly watch: WatchPaths
  readonly mounts: MountTable<VolumeTmpfs>
  readonly tree: FileTree
  readonly host: HostFacts
  readonly programs: Programs
  readonly listenSignals: ListenSignals
  /** Keeps other processes of this user from tracing this one. */
  readonly forbidTracing: () => Promise<void>
  /** Call it after each piece of work of a process that stays: it gives back memory a second later. */
  readonly careForHeap: () => void
  /** Asks the providers of the command. */
  readonly resolve: Resolve
}
