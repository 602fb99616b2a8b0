import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStateFile } from '../../../src/host/state/state-file.ts'
import { createMemoryStore } from '../../fakes/memory-store.ts'
import { tinyDisk } from '../../support/temporary-folder.ts'
import { storeContract } from './store-contract.ts'

storeContract('memory store', async () => {
  const store = createMemoryStore()
  return {
    store,
    reopen: () => store,
    fill: async () => store.fill(true),
    free: async () => store.fill(false),
  }
})

storeContract('state file', async (t) => {
  const disk = await tinyDisk(t, 1 << 20)
  const [dir, filler] = [join(disk, 'state'), join(disk, 'filler')]
  return {
    store: openStateFile(dir),
    reopen: () => openStateFile(dir),
    fill: () => writeFile(filler, Buffer.alloc(2 << 20, 1)).catch(() => {}),
    free: () => rm(filler),
  }
})
