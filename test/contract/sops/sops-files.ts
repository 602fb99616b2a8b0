import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { sops } from '../../../src/providers/sops/sops.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { NO_SERVER_KNOBS } from '../provider/no-server.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

export const subject: ProviderSubject = {
  def: sops,
  start: startBackend,
  foreign: ['sops:file.yaml', 'sopss://a.yaml', ' sops://a.yaml', 'age://a.yaml'],
  malformed: [
    'sops://',
    'sops:/a.yaml',
    'sops:///etc/a.yaml',
    'sops://../a.yaml',
    'sops://a//b.yaml',
    'sops://a.yaml#db',
    'sops://a.yaml?key=db',
    'sops://a.yaml?field=',
  ],
  spellings: [
    ['sops://a/b.yaml', 'SOPS://a/%62.yaml'],
    ['sops://a/B.yaml'],
    ['sops://a/b.yaml?field=db.password'],
    ['sops://a/b.yaml?field=*'],
    ['sops://a/b.yaml?field=%2A'],
  ],
  required: [],
  lacks: NO_SERVER_KNOBS,
}

/** A folder, a key, and a PATH on which sops is the program of the fixtures. */
export async function sopsFolder(t: TestContext) {
  const home = await temporaryFolder(t)
  const [folder, key, programs] = ['files', 'age.key', 'programs'].map((name) => join(home, name))
  if (folder === undefined || key === undefined || programs === undefined) throw new Error('no folder')
  await mkdir(folder)
  await mkdir(programs)
  await symlink(resolve('test/fixtures/programs/sops.ts'), join(programs, 'sops'))
  await writeFile(key, 'AGE-SECRET-KEY-sops-canary-key\n')
  return { home, folder, key, env: { PATH: `${programs}:${process.env['PATH']}` } }
}

/** Writes a file of the program of the fixtures. */
export async function seal(place: string, plain: Uint8Array | string, more: object = {}) {
  await mkdir(dirname(place), { recursive: true })
  const content = {
    recipient: 'AGE-SECRET-KEY-sops-canary-key',
    plain: Buffer.from(plain).toString('base64'),
    ...more,
  }
  await writeFile(place, JSON.stringify(content))
}

async function startBackend(t: TestContext): Promise<Backend> {
  const { home, folder, key, env } = await sopsFolder(t)
  const settings = { folder, ageKeyFile: key }
  const written = new Map<string, Uint8Array>()
  return {
    settings,
    async put(name, value) {
      written.set(name, value)
      await seal(join(folder, `contract/${name}`), value)
      return `sops://contract/${name}`
    },
    async putAll(values) {
      await seal(join(folder, 'contract/all.json'), JSON.stringify(values))
      return 'sops://contract/all.json?field=*'
    },
    missing: 'sops://contract/nothing',
    canaries: ['sops-canary'],
    deps: { env },
    knobs: {
      async badCredential() {
        const other = join(home, 'other.key')
        await writeFile(other, 'sops-canary-other\n')
        return { ...settings, ageKeyFile: other }
      },
      async lateCredential() {
        const late = join(home, 'late.key')
        return { settings: { ...settings, ageKeyFile: late }, path: late, provide: () => rename(key, late) }
      },
      async rotateCredential() {
        await writeFile(key, 'AGE-SECRET-KEY-sops-canary-next\n')
        for (const [name, value] of written)
          await seal(join(folder, `contract/${name}`), value, {
            recipient: 'AGE-SECRET-KEY-sops-canary-next',
          })
      },
    },
  }
}
