import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, test, type TestContext } from 'node:test'
import { ageFolder } from '../age/age-files.ts'
import { asking } from '../provider/asking.ts'
import { open } from '../provider/provider-attempt.ts'
import { seal, sopsFolder, subject } from './sops-files.ts'

const run = promisify(execFile)

async function opened(
  t: TestContext,
  settings: Record<string, string>,
  env: Record<string, string | undefined>,
) {
  const client = await open(subject, {
    settings,
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: ['sops-canary'],
    knobs: {},
    deps: { env },
  })
  t.after(() => client.client[Symbol.asyncDispose]())
  return { ...client, ...asking(subject, client) }
}

test('keys of YAML, JSON and dotenv files, nested ones by dots, and a whole file unchanged', async (t) => {
  const { folder, key, env } = await sopsFolder(t)
  await seal(join(folder, 'a.yaml'), 'db:\n  password: secret\n  port: 5432\na.b: dotted\n')
  await seal(join(folder, 'b.json'), '{"list":[1,2],"a":{"b":"inner"}}')
  await seal(join(folder, 'c.env'), 'USER=app\nPASSWORD=x=y\n')
  const { read } = await opened(t, { folder, ageKeyFile: key }, env)
  const texts = [
    'a.yaml?field=db.password',
    'a.yaml?field=db.port',
    'a.yaml?field=a.b',
    'b.json?field=a.b',
    'b.json?field=list',
    'c.env?field=PASSWORD',
    'c.env',
  ]
  assert.deepEqual(await read(...texts.map((text) => `sops://${text}`)), [
    'secret',
    '5432',
    'dotted',
    'inner',
    '[1,2]',
    'x=y',
    'USER=app\nPASSWORD=x=y\n',
  ])
})

test('a file without its key, a changed one, a binary one and a missing program are named', async (t) => {
  const { folder, key, env } = await sopsFolder(t)
  await seal(join(folder, 'other.yaml'), 'a: b', { recipient: 'sops-canary-else' })
  await seal(join(folder, 'changed.yaml'), 'a: b', { isChanged: true })
  await writeFile(join(folder, 'plain.yaml'), 'a: canary-9f2c-value')
  await seal(join(folder, 'binary'), 'x')
  const { messages } = await opened(t, { folder, ageKeyFile: key }, env)
  const [other, changed, plain, binary, field] = await messages(
    'sops://other.yaml',
    'sops://changed.yaml',
    'sops://plain.yaml',
    'sops://binary?field=a',
    'sops://none.yaml',
  )
  assert.match(other ?? '', /no key opens other.yaml \(sops ended with exit code 128\)/)
  assert.match(changed ?? '', /changed.yaml was changed after it was encrypted/)
  assert.match(plain ?? '', /plain.yaml cannot be decrypted/)
  assert.match(binary ?? '', /binary is a binary file, so it has no fields/)
  assert.match(field ?? '', /there is no file \S+none.yaml/)
  const without = await opened(t, { folder }, { PATH: '/nonexistent' })
  assert.match((await without.messages('sops://other.yaml'))[0] ?? '', /the program sops is not on the PATH/)
})

if (spawnSync('sops', ['--version']).status !== 0) {
  test('the program sops was not met', (t) => {
    t.diagnostic('sops is not on the PATH: the provider ran against a program of the fixtures alone')
  })
} else {
  describe('files of the program sops', () => {
    test('YAML, JSON, dotenv and binary files that sops has encrypted for an age key', async (t) => {
      const { folder, key, recipient } = await ageFolder(t)
      for (const [name, type, text] of [
        ['a.yaml', 'yaml', 'db:\n    password: secret\n    port: 5432\n'],
        ['b.json', 'json', '{"a": {"b": "inner"}}'],
        ['c.env', 'dotenv', 'USER=app\n'],
        ['d.bin', 'binary', 'binary value'],
      ] as const) {
        await writeFile(join(folder, name), text)
        await run('sops', [
          '--encrypt',
          '--age',
          recipient,
          '--input-type',
          type,
          '--output-type',
          type,
          '--in-place',
          join(folder, name),
        ])
      }
      const { read, codes } = await opened(t, { folder, ageKeyFile: key }, { PATH: process.env['PATH'] })
      const texts = [
        'a.yaml?field=db.password',
        'a.yaml?field=db.port',
        'b.json?field=a.b',
        'c.env?field=USER',
        'd.bin',
      ]
      assert.deepEqual(await read(...texts.map((text) => `sops://${text}`)), [
        'secret',
        '5432',
        'inner',
        'app',
        'binary value',
      ])
      const stranger = await opened(
        t,
        { folder, ageKeyFile: (await ageFolder(t)).key },
        { PATH: process.env['PATH'] },
      )
      assert.deepEqual(await stranger.codes('sops://a.yaml'), ['auth'])
      assert.deepEqual(await codes('sops://a.yaml'), ['ok'])
    })
  })
}
