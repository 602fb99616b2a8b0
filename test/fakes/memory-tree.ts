import type { Changes, FileTree } from '../../src/core/ports/files.ts'

/** The files of volumes in memory, for tests of many volumes over a long time. */
export interface MemoryTree extends FileTree {
  /** The content of a file; undefined if there is none. */
  read(root: string, path: string): string | undefined
}

/** Makes a tree without files. It has content only: no modes, owners or folders. */
export function createMemoryTree(): MemoryTree {
  const roots = new Map<string, Map<string, string>>()
  return {
    async replaceAll(root, files): Promise<Changes> {
      const before = roots.get(root) ?? new Map<string, string>()
      const after = new Map(
        files.map(({ path, content }) => [path, Buffer.from(content.reveal()).toString('latin1')]),
      )
      roots.set(root, after)
      return {
        made: [...after.keys()].filter((path) => !before.has(path)),
        changed: [...after.keys()].filter((path) => before.has(path) && before.get(path) !== after.get(path)),
        gone: [...before.keys()].filter((path) => !after.has(path)),
      }
    },
    async wipe(root) {
      roots.delete(root)
    },
    mark: async () => undefined,
    markOf: async () => undefined,
    touch: async () => undefined,
    oweReload: async () => undefined,
    isReloadOwed: async () => false,
    reloadDone: async () => undefined,
    keepGeneration: async () => undefined,
    generationOf: async () => undefined,
    read: (root, path) => roots.get(root)?.get(path),
  }
}
