import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { restoredState } from '../../src/app/volume/state.ts'
import type { VolumeRecord } from '../../src/core/volume/record.ts'
import { formatState } from '../../src/host/state/state-format.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { record } from '../contract/host/store-contract.ts'
import { followFileSteps } from '../support/file-steps.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A file system in a file. The file holds the bytes that a disk holds when the power goes. */
interface Disk {
  readonly mountPoint: string
  /** Pulls the plug: keeps the disk as it is now, without telling the file system. */
  cut(): void
  /** Mounts each disk that was kept, as the next boot does. */
  forEachCut(look: (mountPoint: string, cut: number) => Promise<void>): Promise<void>
}

async function openDisk(t: TestContext): Promise<Disk> {
  const folder = await temporaryFolder(t)
  const image = join(folder, 'image')
  const mountPoint = join(folder, 'disk')
  const next = join(folder, 'next')
  for (const path of [mountPoint, next]) await mkdir(path)
  execFileSync('truncate', ['-s', '4M', image])
  execFileSync('mkfs.ext4', ['-q', '-F', image])
  execFileSync('mount', ['-o', 'loop', image, mountPoint])
  let cuts = 0
  return {
    mountPoint,
    cut: () => copyFileSync(image, `${image}-${cuts++}`),
    async forEachCut(look) {
      for (let cut = 0; cut < cuts; cut += 1) {
        execFileSync('mount', ['-o', 'loop', `${image}-${cut}`, next])
        await look(next, cut)
        execFileSync('umount', [next])
      }
    },
  }
}

interface Act {
  readonly kind: 'save' | 'saveMounts'
  readonly records: readonly VolumeRecord[]
}

const db = (ids: readonly string[] = []) => record('db', ids, { 'secret.a': '{{ local://a }}' })
const web = (ids: readonly string[] = []) => record('web', ids)

const LIFE: readonly Act[] = [
  { kind: 'save', records: [db()] },
  { kind: 'saveMounts', records: [db(['m1'])] },
  { kind: 'save', records: [db(['m1']), web()] },
  { kind: 'saveMounts', records: [web(['m2'])] },
  { kind: 'saveMounts', records: [db(['m1', 'm3'])] },
  { kind: 'saveMounts', records: [web()] },
  { kind: 'save', records: [db(['m1', 'm3'])] },
  { kind: 'saveMounts', records: [db()] },
  { kind: 'save', records: [] },
]

for (const start of ['an empty disk', 'a state of an earlier version'] as const) {
  test(`the power goes between any two steps, from ${start} on`, { timeout: 120_000 }, async (t) => {
    const disk = await openDisk(t)
    const dir = join(disk.mountPoint, 'state')
    let names: readonly string[] = []
    if (start !== 'an empty disk') {
      const records = [db(['m0']), web()]
      await mkdir(dir, { mode: 0o700 })
      const text = formatState({ savedAt: new Date(0).toISOString(), records, mountsApart: false })
      await writeFile(join(dir, 'state.json'), text, { mode: 0o600 })
      execFileSync('sync', ['-f', dir])
      names = ['db', 'web']
    }
    /** The volumes that may be there after each cut. */
    const allowed: (readonly (readonly string[])[])[] = []
    const syncs: string[] = []
    let act: Act | undefined
    const store = openStateFile(dir)
    await store.load()
    {
      using _ = await followFileSteps((call) => {
        if (call === 'sync' && act?.kind === 'saveMounts') syncs.push(call)
        disk.cut()
        allowed.push([names, ...(act?.kind === 'save' ? [namesOf(act.records)] : [])])
      })
      for (act of start === 'an empty disk' ? LIFE : LIFE.slice(1)) {
        await store[act.kind](act.records)
        if (act.kind === 'save') names = namesOf(act.records)
        disk.cut()
        allowed.push([names])
      }
    }
    assert.ok(allowed.length > 100, `${allowed.length} cuts`)
    // The one that moves the references of an earlier version makes that durable.
    assert.equal(syncs.length, start === 'an empty disk' ? 0 : 4)
    await disk.forEachCut(async (mountPoint, cut) => {
      const { records, source } = await openStateFile(join(mountPoint, 'state')).load()
      const found = namesOf(records)
      const expected = allowed[cut] ?? []
      assert.ok(
        expected.some((some) => some.join() === found.join()),
        `cut ${cut}: found ${found.join()}, expected ${expected.join(' or ')}`,
      )
      assert.notEqual(source, 'previous', `cut ${cut}`)
      for (const { mounts } of records) {
        const state = restoredState(mounts, { bootId: 'next-boot', isMounted: false, isTrusted: true })
        assert.equal(state.kind, 'idle', `cut ${cut}`)
      }
    })
  })
}

function namesOf(records: readonly VolumeRecord[]): readonly string[] {
  return records.map(({ name }) => name).toSorted()
}
