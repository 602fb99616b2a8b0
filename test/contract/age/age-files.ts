import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'node:test'
import { age } from '../../../src/providers/age/age.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { NO_SERVER_KNOBS } from '../provider/no-server.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

const run = promisify(execFile)

export const subject: ProviderSubject = {
  def: age,
  start: startBackend,
  foreign: ['age:file.age', 'ages://file.age', ' age://file.age', 'local://a', 'page://file.age'],
  malformed: [
    'age://',
    'age:/file.age',
    'age:///etc/passwd',
    'age://a//b.age',
    'age://../b.age',
    'age://a/%2e%2e/b.age',
    'age://a%2Fb.age',
    'age://a/b.age/',
    'age://a.age#x',
    'age://a.age?version=1',
    'age://a.age?field=',
    'age://a%00.age',
  ],
  spellings: [
    ['age://db/password.age', 'AGE://db/p%61ssword.age'],
    ['age://db/Password.age'],
    ['age://db/password'],
    ['age://db/password.age?field=a'],
    ['age://db/password.age?field=*'],
    ['age://db/password.age?field=%2A'],
  ],
  required: [],
  lacks: NO_SERVER_KNOBS,
}

/** A folder, a key of `age-keygen`, and files that the program age writes. */
export async function ageFolder(t: TestContext) {
  const home = await temporaryFolder(t)
  const [folder, key] = [join(home, 'files'), join(home, 'age.key')]
  await mkdir(folder)
  await run('age-keygen', ['-o', key])
  const recipient = (await run('age-keygen', ['-y', key])).stdout.trim()
  return { home, folder, key, recipient }
}

/** Encrypts by the program age. `recipient` is one of age or of SSH. */
export async function encrypt(
  place: string,
  value: Uint8Array | string,
  recipient: string,
  ...more: string[]
) {
  await mkdir(dirname(place), { recursive: true })
  await writeFile(`${place}.plain`, value)
  await run('age', ['-r', recipient, ...more, '-o', place, `${place}.plain`])
}

async function startBackend(t: TestContext): Promise<Backend> {
  const { home, folder, key, recipient } = await ageFolder(t)
  const settings = { folder, identity: key }
  const identity = (await readFile(key, 'utf8')).split('\n')[2] ?? ''
  const written = new Map<string, Uint8Array>()
  const put = async (name: string, value: Uint8Array) => {
    written.set(name, value)
    await encrypt(join(folder, `contract/${name}.age`), value, recipient)
  }
  return {
    settings,
    async put(name, value) {
      await put(name, value)
      return `age://contract/${name}.age`
    },
    async putAll(values) {
      await put('all', new TextEncoder().encode(JSON.stringify(values)))
      return 'age://contract/all.age?field=*'
    },
    missing: 'age://contract/nothing.age',
    canaries: [identity, 'AGE-SECRET-KEY-1CANARY'],
    knobs: {
      async badCredential() {
        const other = join(home, 'other.key')
        await writeFile(other, 'AGE-SECRET-KEY-1CANARY\n')
        return { ...settings, identity: other }
      },
      async lateCredential() {
        const late = join(home, 'late.key')
        return { settings: { ...settings, identity: late }, path: late, provide: () => rename(key, late) }
      },
      async rotateCredential() {
        const next = join(home, 'next.key')
        await run('age-keygen', ['-o', next])
        const own = (await run('age-keygen', ['-y', next])).stdout.trim()
        for (const [name, value] of written) await encrypt(join(folder, `contract/${name}.age`), value, own)
        await rename(next, key)
      },
    },
  }
}
