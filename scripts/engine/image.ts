import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { succeed } from './command.ts'
import { CACHE } from './go-programs.ts'

const BUSYBOX = '/usr/bin/busybox'

/** A tar of a root folder with nothing but a static busybox under all its names; nothing is pulled. */
export async function busyboxTar(): Promise<string> {
  const tar = join(CACHE, 'busybox.tar')
  if (existsSync(tar)) return tar
  await mkdir(CACHE, { recursive: true })
  const work = await mkdtemp(join(CACHE, 'busybox-'))
  const root = join(work, 'root')
  for (const folder of ['bin', 'etc', 'tmp', 'filled']) await mkdir(join(root, folder), { recursive: true })
  await copyFile(BUSYBOX, join(root, 'bin/busybox'))
  for (const name of (await succeed(BUSYBOX, ['--list'])).split('\n')) {
    if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name))
  }
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\n')
  // For the engine's copy-up: a volume mounted here meets a folder that is not empty.
  await writeFile(join(root, 'filled/from-image'), 'image\n')
  await succeed('tar', ['-C', root, '-cf', join(work, 'busybox.tar'), '.'])
  await rename(join(work, 'busybox.tar'), tar)
  await rm(work, { recursive: true })
  return tar
}
