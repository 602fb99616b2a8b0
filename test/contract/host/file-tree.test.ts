import { join } from 'node:path'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openFileTree } from '../../../src/host/files/file-tree.ts'
import { openMountTable } from '../../../src/host/mounts/mount-table.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { fileTreeContract } from './file-tree-contract.ts'
import { TMPFS } from './mount-table-contract.ts'

fileTreeContract('file tree on a tmpfs', async (t) => {
  const root = join(await temporaryFolder(t), 'db')
  await openMountTable().mountTmpfs(root, TMPFS)
  return { tree: openFileTree(systemClock()), root }
})

fileTreeContract('file tree on a disk', async (t) => ({
  tree: openFileTree(systemClock()),
  root: await temporaryFolder(t),
}))
