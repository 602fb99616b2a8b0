import assert from 'node:assert/strict'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { local } from '../../../src/providers/local/local.ts'
import { localStore, run, storeAt } from './local-store.ts'
import { NO_SERVER_KNOBS } from '../provider/no-server.ts'
import type { Backend } from '../provider/provider-backend.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract({
  def: local,
  start,
  foreign: [
    'op://vault/item/field',
    'localhost',
    'local',
    'local:',
    'local:name',
    'locals://a/b',
    'x local://a',
  ],
  malformed: [
    'local://',
    'local:///a',
    'local://a//b',
    'local://a/',
    'local://../a',
    'local://a?b=c',
    'local://a%zz',
    'local://a\nb',
    'local:/a/b',
    'LOCAL://a',
    'local:///*',
    'local://a//*',
    'local://a/*b',
    'local://a/%2A',
  ],
  spellings: [
    ['local://db/password', 'local://db/%70assword', 'local://d%62/password'],
    ['local://db/Password'],
    ['local://db/*', 'local://d%62/*'],
    ['local://*'],
    ['local://db.password'],
    ['local://with space/x', 'local://with%20space/x'],
    ['local://with+space/x'],
    ['local://caf\u00e9', 'local://cafe\u0301', 'local://caf%C3%A9'],
  ],
  required: [],
  lacks: {
    ...NO_SERVER_KNOBS,
    forbid: 'who can open the file can read every secret in it',
    hang: 'FIFOs are refused; local-age.test.ts hangs the port that reads files',
  },
})

async function start(t: TestContext): Promise<Backend> {
  const at = await localStore(t)
  await at.put('there/anyway', 'canary-9f2c-value-other')
  const settings = { file: at.file, key: at.key }
  const identity = (await readFile(at.key, 'utf8')).split('\n')[2] ?? assert.fail('no identity')
  return {
    settings,
    async put(name, value) {
      await at.put(`contract/${name}`, value)
      return `local://contract/${name}`
    },
    async putAll(values) {
      await at.put('contract/all/below/them', 'canary-9f2c-value-below')
      await at.putMany(
        Object.fromEntries(Object.entries(values).map(([name, value]) => [`contract/all/${name}`, value])),
      )
      return 'local://contract/all/*'
    },
    missing: 'local://contract/nowhere',
    canaries: [identity],
    knobs: {
      async badCredential() {
        const key = join(at.dir, 'other.key')
        await run('age-keygen', ['-o', key])
        return { ...settings, key }
      },
      async lateCredential() {
        const key = join(at.dir, 'late.key')
        return { settings: { ...settings, key }, path: key, provide: () => rename(at.key, key) }
      },
      async rotateCredential() {
        await storeAt(at).rotateKey(AbortSignal.timeout(20_000))
      },
    },
  }
}
