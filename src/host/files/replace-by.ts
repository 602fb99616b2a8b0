import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The old content of `path` or all of the new one, whatever ends this process: written to `temporary`, in the same folder, and renamed.
 * `settle` gives the file its owner and mode before the content is in it. Nothing of `temporary` stays.
 */
export async function replaceBy(
  temporary: string,
  path: string,
  content: Uint8Array,
  settle: (file: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await using file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await settle(file)
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
