import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivateFile } from '../../files/own-files.ts'

/** Writes the link for the first administrator into a file with mode 0600, and resolves with its path. */
export async function writeSetupLink(folder: string, link: string): Promise<string> {
  const path = join(folder, 'setup-link')
  await writePrivateFile(path, Buffer.from(`${link}\n`))
  return path
}

/** Removes that file, if it is there. */
export async function removeSetupLink(folder: string): Promise<void> {
  await rm(join(folder, 'setup-link'), { force: true })
}
