import { execFile } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

const NAME = /^docker-compose/
const TIMEOUT_MS = 5000

/**
 * Returns the version of the Docker Compose that started this process, such as `2.40.3`. Compose does not
 * tell it to a provider, so the program is asked. Undefined: another program started this process, or the
 * version cannot be found out.
 */
export async function callingComposeVersion(): Promise<string | undefined> {
  // The file that is running, even if another file has its name by now.
  const program = `/proc/${process.ppid}/exe`
  try {
    if (!NAME.test(basename(await readlink(program)))) return undefined
    // The environment lacks the variables by which docker marks a plugin's process.
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    const { stdout } = await promisify(execFile)(program, ['version', '--short'], {
      env,
      timeout: TIMEOUT_MS,
    })
    return stdout.trim()
  } catch {
    // After any error the version is unknown.
    return undefined
  }
}
