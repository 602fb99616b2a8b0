import { stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'

const MARK = 'stopped'
const JUST_MS = 3000

/**
 * Leaves a mark that a managed plugin was stopped; the next start ends if it finds a fresh mark. The reason:
 * an engine that restarts after a crash ends the plugin that outlived it and starts it again at once. It may
 * still be cleaning up after the first plugin, and then unmounts the folder through which the mounts of the
 * second one reach the host: containers find an empty path. Only another start repairs that.
 */
export async function leaveStopMark(dir: string): Promise<void> {
  try {
    await writeFile(join(dir, MARK), '', { mode: 0o600 })
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}

/**
 * Removes the mark, at any age, so that the next start finds none. Returns true when it was less than 3 s
 * old. `now`: milliseconds since the epoch.
 */
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
