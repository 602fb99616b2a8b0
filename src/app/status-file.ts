import type { Place, PlacedFiles } from '../core/ports.ts'
import { Secret } from '../core/secret.ts'

/** Readable by whoever asks for health; it names files and holds no secret. */
const FILE_MODE = 0o644
const DIR_MODE = 0o755

/** A file that is there exactly while all is well, and says which files must be there. */
export interface StatusFile {
  /** `targets`: absolute paths. */
  ready(targets: readonly string[]): Promise<void>
  notReady(): Promise<void>
}

/** Without a path it is a status that nobody asked for. */
export function openStatusFile(path: string | undefined, placed: PlacedFiles): StatusFile {
  if (path === undefined) return { ready: async () => undefined, notReady: async () => undefined }
  const place = placeOf(path)
  return {
    async ready(targets) {
      const content = Secret.fromText(JSON.stringify(targets))
      const options = { fileMode: FILE_MODE, dirMode: DIR_MODE, existing: 'replace' } as const
      await placed.write([{ ...place, content }], options)
    },
    notReady: () => placed.remove([place], []),
  }
}

function placeOf(path: string): Place {
  const slash = path.lastIndexOf('/')
  return { folder: path.slice(0, Math.max(slash, 1)), path: path.slice(slash + 1) }
}
