import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A credential in a file behind a link, as Kubernetes and systemd give it. */
export interface CredentialFile {
  readonly folder: string
  readonly path: string
  /** Another credential comes in its place, by a swap of the link. */
  swap(credential: string): Promise<void>
  /** A path where there is nothing, and a way to put the credential there. */
  late(credential: string): { readonly path: string; provide(): Promise<void> }
}

export async function credentialFile(
  t: TestContext,
  name: string,
  credential: string,
): Promise<CredentialFile> {
  const folder = await temporaryFolder(t)
  const path = join(folder, name)
  await writeFile(join(folder, 'first'), `${credential}\n`)
  await symlink('first', path)
  return {
    folder,
    path,
    async swap(other) {
      await writeFile(join(folder, 'second'), `${other}\r\n`)
      await symlink('second', join(folder, 'next'))
      await rename(join(folder, 'next'), path)
    },
    late(awaited) {
      const latePath = join(folder, 'late', name)
      return {
        path: latePath,
        async provide() {
          await mkdir(join(folder, 'late'))
          await writeFile(latePath, awaited)
        },
      }
    },
  }
}
