import { execFile } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

const NAME = /^docker-compose/
const TIMEOUT_MS = 5000

/**
 * The version of the Docker Compose that started this process, as it tells it: `2.40.3`. Compose says it to no provider, so it is asked. Undefined:
 * somebody else started this process, or it cannot be told.
 */
export async function callingComposeVersion(): Promise<string | undefined> {
  // The file that runs, even when another one has its name by now.
  const program = `/proc/${process.ppid}/exe`
  try {
    if (!NAME.test(basename(await readlink(program)))) return undefined
    // Without the variables by which docker tells a plugin that it is one.
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    const { stdout } = await promisify(execFile)(program, ['version', '--short'], {
      env,
      timeout: TIMEOUT_MS,
    })
    return stdout.trim()
  } catch {
    // Whatever went wrong, nothing is known.
    return undefined
  }
}
