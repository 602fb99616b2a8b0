import { open, readdir, stat } from 'node:fs/promises'
import * as z from 'zod'
import type { Clock } from '../../core/ports/clock.ts'
import type { HostView } from '../../core/volume/host-view.ts'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { openReader } from './reader.ts'
import { openSwarmView } from './swarm-view.ts'

const Version = z.object({ Version: z.string() })

/** Bytes that are read of a file: the files of the kernel are shorter. */
const MOST_BYTES = 64 * 1024
/** Names that are read of a folder. */
const MOST_NAMES = 1000

/** Returns the facts of this machine, and of the engine at a socket. */
export function openHostView(socket: string, clock: Clock): HostView {
  const { get } = openReader(socket, clock)
  const engine = openSwarmView(socket, clock)
  return {
    text: (path) => headOf(path).catch(() => undefined),
    async access(path) {
      try {
        const found = await stat(path)
        return { isFolder: found.isDirectory(), mode: found.mode & 0o7777, uid: found.uid }
      } catch (thrown) {
        if (['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')) return undefined
        throw thrown
      }
    },
    names: (folder) =>
      readdir(folder).then(
        (names) => names.slice(0, MOST_NAMES),
        () => [],
      ),
    engineVersion: async (signal) => (await get('/version', Version, signal)).Version,
    plugin: (name, signal) => engine.plugin(name, signal),
  }
}

async function headOf(path: string): Promise<string> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0)
  return buffer.toString('utf8', 0, bytesRead)
}
