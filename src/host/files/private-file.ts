import { randomBytes } from 'node:crypto'
import { lstat } from 'node:fs/promises'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { targetOf, writing } from './own-files.ts'
import { replaceBy } from './replace-by.ts'

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
  await replaceBy(temporary, path, content, (file) => file.chmod(0o600))
}
