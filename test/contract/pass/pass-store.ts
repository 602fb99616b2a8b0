import { execFile, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'node:test'
import { pass } from '../../../src/providers/pass/pass.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { NO_SERVER_KNOBS } from '../provider/no-server.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

const run = promisify(execFile)

export const subject: ProviderSubject = {
  def: pass,
  start: startBackend,
  foreign: ['pass:name', 'passs://a', ' pass://a', 'sops://a'],
  malformed: [
    'pass://',
    'pass:/a',
    'pass:///a',
    'pass://../a',
    'pass://a//b',
    'pass://a#b',
    'pass://a?field=',
    'pass://a?part=first',
    'pass://a?part=all&field=b',
    'pass://a?login=b',
  ],
  spellings: [
    ['pass://a/b', 'PASS://a/%62'],
    ['pass://a/B'],
    ['pass://a/b?field=user'],
    ['pass://a/b?field=*'],
    ['pass://a/b?field=%2A'],
    ['pass://a/b?part=all'],
  ],
  required: [],
  lacks: {
    ...NO_SERVER_KNOBS,
    lateCredential: 'the keys are in the folder of GnuPG, which its agent keeps',
    rotateCredential: 'the keys are in the folder of GnuPG, which its agent keeps',
    badCredential: 'the keys are in the folder of GnuPG; pass-entries.test.ts has another folder',
  },
}

/** A store and a key without a passphrase, made by pass and gpg. */
export async function passStore(t: TestContext) {
  const home = await temporaryFolder(t)
  const gnupgHome = await keyring(t, home, 'gnupg')
  const env = { ...process.env, HOME: home, PASSWORD_STORE_DIR: join(home, 'store'), GNUPGHOME: gnupgHome }
  await run('pass', ['init', 'locket@example.com'], { env })
  const settings = { store: env.PASSWORD_STORE_DIR, gnupgHome }
  const insert = async (name: string, value: Uint8Array | string): Promise<void> => {
    const child = spawn('pass', ['insert', '--multiline', '--force', '--', name], {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.stdin.end(value)
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`pass insert: exit code ${code}`)
  }
  return { home, settings, insert, deps: { env: { PATH: process.env['PATH'], HOME: home } } }
}

/** A folder of GnuPG with one key. Its agent is stopped with the test. */
export async function keyring(t: TestContext, home: string, name: string): Promise<string> {
  const folder = join(home, name)
  await mkdir(folder, { mode: 0o700 })
  const env = { ...process.env, HOME: home, GNUPGHOME: folder }
  t.after(() => run('gpgconf', ['--kill', 'gpg-agent'], { env }).catch(() => undefined))
  const words = [
    '--batch',
    '--passphrase',
    '',
    '--quick-generate-key',
    'locket@example.com',
    'default',
    'default',
    'never',
  ]
  await run('gpg', words, { env })
  return folder
}

async function startBackend(t: TestContext): Promise<Backend> {
  const { settings, insert, deps } = await passStore(t)
  return {
    settings,
    async put(name, value) {
      await insert(`contract/${name}`, value)
      return `pass://contract/${name}?part=all`
    },
    async putAll(values) {
      const lines = Object.entries(values).map(([name, value]) => `${name}: ${value}`)
      await insert('contract/all', `\n${lines.join('\n')}\n`)
      return 'pass://contract/all?field=*'
    },
    missing: 'pass://contract/nothing',
    canaries: ['PRIVATE KEY'],
    deps,
    knobs: {},
  }
}
