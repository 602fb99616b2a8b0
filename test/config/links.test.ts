import assert from 'node:assert/strict'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { prepareVolume } from '../../src/app/recipe/volume-files.ts'
import { loadVolume } from './load-volume.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { opConnect } from '../../src/providers/op-connect/op-connect.ts'
import { readCredential } from '../../src/providers/lib/login/credential.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CANARY = 'canary-links-3e90'
const files = openSourceFiles()

/**
 * A host without template roots, its files linked in every way: Create sees only names, the reader sees what
 * they lead to.
 */
async function host(t: TestContext) {
  const folder = await temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  for (const name of ['tokens', 'state', 'run', 'free']) mkdirSync(at(name))
  for (const name of ['tokens/connect', 'state/state.json', 'run/secret']) writeFileSync(at(name), CANARY)
  writeFileSync(at('free/mine'), 'mine')
  symlinkSync(at('tokens'), at('free/folder'))
  symlinkSync(at('tokens/connect'), at('free/soft'))
  linkSync(at('tokens/connect'), at('free/hard'))
  symlinkSync(at('state'), at('free/state'))
  symlinkSync(at('run'), at('free/run'))
  symlinkSync('/proc/self', at('free/self'))
  const own = [
    `--connect-token=file:${at('tokens/connect')}`,
    `--state-dir=${at('state')}`,
    `--runtime-dir=${at('run')}`,
  ]
  const { daemon } = loadVolume(['--connect-host=http://own', ...own], {})
  return { at, daemon }
}

async function tokenOf(
  volume: ReturnType<ReturnType<typeof loadVolume>['daemon']['volumeConfig']>,
): Promise<string> {
  const instance = volume.providers.find(({ def }) => def === opConnect)
  const token = opConnect.settings.fields.token.schema.parse('file:/x')
  assert.equal(token?.kind, 'file')
  const credential = { ...token, ...Object(instance?.settings['token']) }
  const secret = await readCredential(credential, files, { provider: 'op-connect', setting: 'connect-token' })
  return Buffer.from(secret.reveal()).toString()
}

test('attack: no link leads to a file of the daemon, as a template or as a token', async (t) => {
  const { at, daemon } = await host(t)
  const names = [
    'free/folder/connect',
    'free/soft',
    'free/hard',
    'free/state/state.json',
    'free/run/secret',
    'free/self/environ',
  ]
  for (const name of names) {
    const template = daemon.volumeConfig({ 'secret.a': `@${at(name)}` })
    await assert.rejects(
      prepareVolume(template, files),
      { code: 'denied', message: /one of the daemon's own files/ },
      name,
    )
    const sent = daemon.volumeConfig({ 'connect-host': 'http://evil', 'connect-token': `file:${at(name)}` })
    await assert.rejects(tokenOf(sent), { code: 'denied', message: /one of the daemon's own files/ }, name)
  }
})

test('a file of one’s own is read, and the operator’s token for the operator’s server', async (t) => {
  const { at, daemon } = await host(t)
  const prepared = await prepareVolume(daemon.volumeConfig({ 'secret.a': `@${at('free/mine')}` }), files)
  assert.deepEqual(
    prepared.templates.map((file) => file.path),
    ['a'],
  )
  const sent = daemon.volumeConfig({
    'connect-host': 'http://other',
    'connect-token': `file:${at('free/mine')}`,
  })
  assert.equal(await tokenOf(sent), 'mine')
  assert.equal(await tokenOf(daemon.volumeConfig({ 'connect-token': `file:${at('free/soft')}` })), CANARY)
})
