import type { InstalledPlugin } from './swarm/swarm-view.ts'

/** The access to a file or folder, as the file system has it. */
export interface AccessFacts {
  readonly isFolder: boolean
  /** The permission bits. */
  readonly mode: number
  readonly uid: number
}

/** The facts of a machine that `locket doctor` reads. Nothing of it changes the machine. */
export interface HostView {
  /** Resolves with the text of a small file; undefined when it cannot be read. */
  text(path: string): Promise<string | undefined>
  /** Resolves with undefined when there is nothing at the path. Rejects with the system's error. */
  access(path: string): Promise<AccessFacts | undefined>
  /** Resolves with the names in a folder; empty when it cannot be read. */
  names(folder: string): Promise<readonly string[]>
  /** Resolves with the version of the Docker Engine. Rejects as `SwarmEngine` does. */
  engineVersion(signal: AbortSignal): Promise<string>
  /** Resolves with undefined when the engine has no plugin of the name. Rejects as `SwarmEngine` does. */
  plugin(name: string, signal: AbortSignal): Promise<InstalledPlugin | undefined>
}
