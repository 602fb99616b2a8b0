import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LocketError } from '../core/errors.ts'
import { targetOf, writing } from './own-files.ts'

/**
 * The old content or all of the new one, in a file that nobody but this user reads (0600), whatever mode it had. A link stays one. Rejects with
 * `io`.
 */
export async function writePrivateFile(path: string, content: Uint8Array): Promise<void> {
  await writing(path, async () => replaceWhole(await targetOf(path), content))
}

async function replaceWhole(path: string, content: Uint8Array): Promise<void> {
  const before = await lstat(path).catch(() => undefined)
  if (before !== undefined && !before.isFile() && !before.isDirectory())
    throw new LocketError('io', `${path} is there and is no regular file`, {
      hint: 'leave --output out, and redirect standard output',
    })
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  try {
    await using file = await open(temporary, flags, 0o600)
    await file.chmod(0o600)
    await file.writeFile(content)
    await file.sync()
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}
