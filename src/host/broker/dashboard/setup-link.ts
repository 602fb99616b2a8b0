import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivateFile } from '../../files/own-files.ts'

/**
 * Writes the link for the first administrator into the file `setup-link` of the folder with mode 0600, and
 * resolves with its path. Without a link it removes the file.
 */
export async function keepSetupLink(folder: string, link?: string): Promise<string | undefined> {
  const path = join(folder, 'setup-link')
  if (link === undefined) {
    await rm(path, { force: true })
    return undefined
  }
  await writePrivateFile(path, Buffer.from(`${link}\n`))
  return path
}
