import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { makeBrokerHost } from '../../scripts/engine/broker-host.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { onHost } from '../../scripts/engine/locket.ts'

/** `make sikkerkey` puts SikkerKey's own SDK there. */
const SDK = join(import.meta.dirname, '../../build/sikkerkey')
const PROGRAMS = join(import.meta.dirname, '../fixtures/programs')
const VALUE = 'canary-container-identity-2c7e'
const HIDDEN = 'canary-container-hidden-91d0'
const FOLDER = '/run/e2e/checkout'

if (existsSync(join(SDK, 'bin/python'))) await liveTests()
else
  test('the SDK of SikkerKey was not met', (t) => {
    t.diagnostic(`${SDK} is missing, see \`make sikkerkey\`: no container ran it`)
  })

async function liveTests(): Promise<void> {
  const engine = await startEngine()
  after(() => engine[Symbol.asyncDispose]())
  const broker = await makeBrokerHost(engine)
  for (const [path, value] of Object.entries({ database_url: VALUE, hidden: HIDDEN }))
    await broker.put(path, value)
  await broker.start()
  const sdk = realpathSync(SDK)
  const python = join(sdk, 'bin/python')
  const base = execFileSync(python, ['-c', 'import sys; print(sys.base_prefix)'], { encoding: 'utf8' }).trim()
  let variables: readonly string[] = []

  /** A person at the host of the broker. */
  async function person<T>(...words: readonly string[]): Promise<T> {
    const program = [process.execPath, join(PROGRAMS, 'use-dashboard.ts'), ...words]
    const ran = await engine.sandbox.exec('ip', ['netns', 'exec', 'broker', ...program])
    assert.equal(ran.code, 0, ran.stderr)
    return JSON.parse(ran.stdout) as T
  }

  /** Runs the SDK in a container, which has the programs of this host and the mounted folder. */
  async function inContainer(...calls: readonly string[]): Promise<unknown> {
    const program = join(PROGRAMS, 'read-sikkerkey.py')
    const parts = ['/usr', '/lib', '/lib64', base, sdk, program].filter((path) => existsSync(path))
    const mounts = [...new Set(parts)].flatMap((path) => ['-v', `${path}:${path}:ro`])
    const identity = ['-v', `${FOLDER}:/etc/sikkerkey:ro`, ...variables.flatMap((one) => ['-e', one])]
    const run = ['run', '--rm', '--network', 'host', '--log-driver', 'none', ...mounts, ...identity]
    const words = ['-e', 'PYTHONDONTWRITEBYTECODE=1', IMAGE, python, program, ...calls]
    return JSON.parse(await engine.ok([...run, ...words]))
  }

  test('a person fills in the form, and downloads the archive once', async () => {
    const link = `${broker.folder}/state/setup-link`
    const archive = '/run/e2e/checkout.zip'
    const did = await person<{ second: number; variables: string[] }>('provision', link, archive)
    assert.equal(did.second, 404)
    ;({ variables } = did)
    assert.ok(variables.includes('SIKKERKEY_IDENTITY=/etc/sikkerkey/identity.json'), variables.join())
    assert.ok(variables.includes('SSL_CERT_FILE=/etc/sikkerkey/ca.pem'), variables.join())
    const unpacked = await engine.sandbox.exec('unzip', ['-q', archive, '-d', FOLDER])
    assert.equal(unpacked.code, 0, unpacked.stderr)
  })

  test("in the container, SikkerKey's own SDK reads what was ticked, and nothing else", async () => {
    const [value, [refusal], list] = (await inContainer(
      'get_secret sk_database_url',
      'get_secret sk_hidden',
      'list_secrets',
    )) as [string, string[], { id: string }[]]
    assert.equal(value, VALUE)
    assert.equal(refusal, 'AccessDeniedError')
    assert.deepEqual(
      list.map(({ id }) => id),
      ['sk_database_url'],
    )
    const audit = await broker.admin('audit', 'show', '--broker', '--machine', 'checkout')
    assert.match(audit, /download +checkout[^\n]*allowed/)
    assert.match(audit, /read[^\n]*shop\/database_url[^\n]*allowed/)
    assert.match(audit, /read[^\n]*sk_hidden[^\n]*denied/)
  })

  test('after the machine was disabled in the dashboard, its next read fails', async () => {
    assert.deepEqual(await person('disable', 'checkout'), { isDisabled: true })
    const [[refusal] = []] = (await inContainer('get_secret sk_database_url')) as string[][]
    assert.equal(refusal, 'AuthenticationError')
  })

  test('no value and no key is anywhere else on the two hosts', async () => {
    const pem = await readFile(join(onHost(engine, FOLDER), 'private.pem'), 'utf8')
    const key = pem.split('\n')[1] ?? ''
    assert.ok(key.length > 20)
    const paths = [broker.folder, '/run/netns']
    assert.deepEqual(await findLeaks(engine, [VALUE, HIDDEN, key], { paths }), [])
  })
}
