import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { WatchFiles } from '../../core/ports/files.ts'
import { openComparison } from './watch-compare.ts'
import { openEvents } from './watch-events.ts'

const POLL_MS = 2000

/**
 * Folders are watched as well as files: a file that is reached through a link (Kubernetes swaps `..data`) changes without an
 * event of its own. What counts is whether a file is another one than before; other files of the folder do not.
 */
export const watchFiles: WatchFiles = async (paths, onChange, { debounceMs }) => {
  const comparison = await openComparison(() => identify(paths), onChange, debounceMs)
  const places = [...new Set([...paths, ...paths.map((path) => dirname(path))])]
  const events = await openEvents([{ places, depth: 0 }], comparison.noticed).catch((thrown: unknown) => {
    comparison[Symbol.dispose]()
    throw thrown
  })
  // Between the first look and now nobody watched.
  comparison.noticed()
  // For what sends no events: folders that come back, network file systems.
  comparison.pollEvery(() => POLL_MS)
  return {
    async [Symbol.asyncDispose]() {
      comparison[Symbol.dispose]()
      await events[Symbol.asyncDispose]()
    },
  }
}

/** Changes when any of the files is another one, was written to, came or went. Links are followed. */
async function identify(paths: readonly string[]): Promise<string> {
  const identities = await Promise.all(paths.map(identifyFile))
  return identities.join('\n')
}

/** `missing` is one too. */
export async function identifyFile(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'missing'
  }
}
