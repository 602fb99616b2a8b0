import { stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'

const MARK = 'stopped'
const JUST_MS = 3000

/**
 * An engine that comes back after a crash ends the plugin that outlived it, starts it again at once, and may then, still cleaning up
 * after the first, unmount the folder through which the second one's mounts reach the host: containers then find an empty path.
 * Only another start mends that. So a managed plugin leaves a mark when it is stopped, and one that finds a fresh mark ends.
 */
export async function leaveStopMark(dir: string): Promise<void> {
  try {
    await writeFile(join(dir, MARK), '', { mode: 0o600 })
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}

/** Takes the mark away, whatever its age: the next start finds none. `now`: milliseconds since the epoch. */
export async function takeFreshStopMark(dir: string, now: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(join(dir, MARK))
    await unlink(join(dir, MARK))
    return Math.abs(now - mtimeMs) < JUST_MS
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}
