import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test, type TestContext } from 'node:test'
import { asking } from '../provider/asking.ts'
import { open } from '../provider/provider-attempt.ts'
import { ageFolder, encrypt, subject } from './age-files.ts'

const run = promisify(execFile)

async function opened(t: TestContext, folder: string, identity: string) {
  const client = await open(subject, {
    settings: { folder, identity },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: ['PRIVATE KEY', 'AGE-SECRET-KEY-'],
    knobs: {},
  })
  t.after(() => client.client[Symbol.asyncDispose]())
  return { ...client, ...asking(subject, client) }
}

for (const [type, bits] of [
  ['ed25519', '256'],
  ['rsa', '2048'],
] as const)
  test(`an SSH key of type ${type} opens the files of the program age, armored ones too`, async (t) => {
    const { home, folder } = await ageFolder(t)
    const key = join(home, 'id')
    await run('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', key])
    const recipient = (await readFile(`${key}.pub`, 'utf8')).trim()
    await encrypt(join(folder, 'a.age'), 'value', recipient)
    await encrypt(join(folder, 'b.age'), '{"a":{"b":"inner"}}', recipient, '-a')
    const { read } = await opened(t, folder, key)
    assert.deepEqual(await read('age://a.age', 'age://b.age?field=a.b'), ['value', 'inner'])
    const other = join(home, 'other')
    await run('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', other])
    const stranger = await opened(t, folder, other)
    assert.deepEqual(await stranger.codes('age://a.age'), ['auth'])
  })

test('an SSH key with a passphrase, of another type, and a damaged one are named', async (t) => {
  const { home, folder } = await ageFolder(t)
  const [locked, ecdsa, damaged] = ['locked', 'ecdsa', 'damaged'].map((name) => join(home, name))
  assert.ok(locked !== undefined && ecdsa !== undefined && damaged !== undefined)
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'passphrase', '-f', locked])
  await run('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', ecdsa])
  const text = await readFile(ecdsa, 'utf8')
  await writeFile(damaged, `${text.slice(0, 120)}\n-----END OPENSSH PRIVATE KEY-----\n`)
  for (const [key, says] of [
    [locked, /the SSH key \S+locked has a passphrase, and nobody can be asked for it/],
    [ecdsa, /the SSH key \S+ecdsa cannot be used \(age knows keys of the types Ed25519 and RSA\)/],
    [damaged, /the SSH key \S+damaged cannot be used/],
  ] as const) {
    const { messages, codes } = await opened(t, folder, key)
    assert.match((await messages('age://a.age'))[0] ?? '', says)
    assert.deepEqual(await codes('age://a.age'), ['auth'])
  }
})

test('a link out of the folder, a damaged file and a missing key are errors', async (t) => {
  const { home, folder, key, recipient } = await ageFolder(t)
  await encrypt(join(home, 'outside.age'), 'x', recipient)
  await symlink(join(home, 'outside.age'), join(folder, 'link.age'))
  await writeFile(join(folder, 'plain.age'), 'canary-9f2c-value')
  const { codes } = await opened(t, folder, key)
  assert.deepEqual(await codes('age://link.age', 'age://plain.age'), ['denied', 'provider_protocol'])
  const without = await opened(t, folder, join(home, 'no.key'))
  assert.deepEqual(await without.codes('age://link.age'), ['credential_missing'])
})
