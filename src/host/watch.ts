import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { WatchFiles } from '../core/ports.ts'

const POLL_MS = 2000
/** A folder that never rests must not put off the comparison for ever. */
const MOST_RESTARTS = 10

/**
 * Folders are watched as well as files: a file that is reached through a link (Kubernetes swaps `..data`) changes without an
 * event of its own. What counts is whether a file is another one than before; other files of the folder do not.
 */
export const watchFiles: WatchFiles = async (paths, onChange, { debounceMs }) => {
  // Here, because most volumes never watch, and chokidar takes some 25 ms to load.
  const { watch } = await import('chokidar')
  let seen = await identify(paths)
  let timer: NodeJS.Timeout | undefined
  let restarts = 0
  let isClosed = false

  async function compare(): Promise<void> {
    restarts = 0
    const now = await identify(paths)
    if (isClosed || now === seen) return
    seen = now
    onChange()
  }
  function noticed(): void {
    if (isClosed || restarts > MOST_RESTARTS) return
    clearTimeout(timer)
    restarts += 1
    timer = setTimeout(() => void compare(), debounceMs)
  }
  async function poll(): Promise<void> {
    if ((await identify(paths)) !== seen) noticed()
  }

  const watcher = watch([...new Set([...paths, ...paths.map((path) => dirname(path))])], {
    ignoreInitial: true,
    depth: 0,
  })
  // A folder that cannot be watched (too many watches, no permission) leaves the other ones watched.
  watcher.on('all', noticed).on('error', noticed)
  await once(watcher, 'ready')
  // Between the first look and now nobody watched.
  noticed()
  // For what sends no events: folders that come back, network file systems.
  const polling = setInterval(() => void poll(), POLL_MS)
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
      clearInterval(polling)
      await watcher.close()
    },
  }
}

/** Changes when any of the files is another one, was written to, came or went. Links are followed. */
async function identify(paths: readonly string[]): Promise<string> {
  const identities = await Promise.all(paths.map(identifyOne))
  return identities.join('\n')
}

async function identifyOne(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'missing'
  }
}
