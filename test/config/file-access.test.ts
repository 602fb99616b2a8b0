import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { problemOf, type Options } from './setting-rows.ts'

function daemon(argv: readonly string[] = []) {
  return loadVolume(argv, {}, '/nonexistent/locket.toml').daemon
}

const OPERATOR = daemon(['--managed', '--secret=shared=daemon', '--secret=other={{ local://other }}'])

function refuses(options: Options, expected: RegExp): void {
  assert.match(
    problemOf(() => OPERATOR.volumeConfig(options)),
    expected,
  )
}

test('mode and owner of one file: by its exact name, also of a default secret', () => {
  const config = OPERATOR.volumeConfig({
    'secret.tls.key': 'x',
    'secret.a_b': 'y',
    'secret-mode.tls.key': '0440',
    secret_user: 'tls.key=101:102',
    'secret_mode.other': '288',
    'secret-user.a_b': '7',
  })
  const access = Object.fromEntries(config.files.map((file) => [file.name, file.access]))
  assert.deepEqual(access, {
    shared: undefined,
    other: { mode: 0o440 },
    'tls.key': { mode: 0o440, owner: { uid: 101, gid: 102 } },
    a_b: { owner: { uid: 7, gid: 7 } },
  })
})

test('a name with .mode is a file, and its text is never a mode', () => {
  const config = OPERATOR.volumeConfig({ 'secret.a': 'x', 'secret.a.mode': '0440', 'secret.mode': 'y' })
  assert.deepEqual(
    config.files.slice(2).map(({ name, access }) => [name, access]),
    [
      ['a', undefined],
      ['a.mode', undefined],
      ['mode', undefined],
    ],
  )
})

test('a mode or owner for no file, a second one, or a wrong one is refused', () => {
  const a = { 'secret.key': 'x' }
  refuses(
    { ...a, 'secret-mode.kay': '0440' },
    /^driver option secret-mode\.kay is for no file: did you mean key\?$/,
  )
  refuses(
    { ...a, 'secret-mode.a.b.c': '0440' },
    /^driver option secret-mode\.a\.b\.c is for no file: no secret/,
  )
  refuses({ ...a, 'secret-user.': '1' }, /^driver option secret-user\. is for no file/)
  refuses(
    { ...a, 'secret-mode.key': '0440', secret_mode: 'key=0400' },
    /^driver option secret_mode key is set twice$/,
  )
  refuses({ ...a, 'secret-mode': '0440' }, /^driver option secret-mode: write NAME=MODE$/)
  refuses({ ...a, 'secret-user': '1:2' }, /^driver option secret-user: write NAME=UID:GID$/)
  refuses(
    { ...a, 'secret-user.key': 'root' },
    /^driver option secret-user\.key: must be uid:gid or uid, as numbers/,
  )
  refuses({ ...a, 'secret-mode.key': '123' }, /^driver option secret-mode\.key: .* write octal digits/)
  for (const mode of ['0666', '0602', '04400', '02440', '01440'])
    refuses(
      { ...a, 'secret-mode.key': mode },
      /secret-mode\.key: a secret must not be writable by everyone, nor/,
    )
  for (const word of ['mode', 'file_mode'])
    refuses({ ...a, [`${word}.key`]: '0440' }, /is not known, did you mean secret-mode\.key\?$/)
  for (const word of ['user', 'uid', 'gid', 'owner'])
    refuses({ ...a, [`${word}.key`]: '0' }, /is not known, did you mean secret-user\.key\?$/)
})

test('a secret in the wrong option is not repeated by the message', () => {
  const canary = 'canary-mode-6b1f'
  for (const option of ['secret-mode.key', 'secret-user.key']) {
    const said = problemOf(() => OPERATOR.volumeConfig({ 'secret.key': 'x', [option]: canary }))
    assert.match(said, new RegExp(`^driver option ${option}: must be (octal digits|uid:gid)`))
    assert.ok(!said.includes(canary), said)
  }
})

test('a wrong secret is not also reported as missing for its mode', () => {
  refuses({ 'secret.a': '/x', 'secret-mode.a': '0440' }, /^driver option secret\.a: to take the template/)
  const wrong = problemOf(() => daemon(['--secret=a=/x', '--secret-mode=a=0440']))
  assert.match(wrong, /^flag --secret a: to take [^;]*$/)
})

test('modes of default secrets: for one of them, and gone with the secret that a volume replaces', () => {
  const by = daemon(['--secret=a=x', '--secret=b=y', '--secret-mode=a=0444', '--secret-mode=b=0440'])
  const own = by.volumeConfig({ 'secret.a': 'own', 'secret-user.b': '5' })
  assert.deepEqual(
    own.files.map(({ name, access }) => [name, access]),
    [
      ['b', { mode: 0o440, owner: { uid: 5, gid: 5 } }],
      ['a', undefined],
    ],
  )
  assert.deepEqual(by.volumeConfig({}).files[1]?.access, { mode: 0o440 })
  assert.match(
    problemOf(() => daemon(['--secret=a=x', '--secret-mode=b=0440'])),
    /^flag --secret-mode b is for no file/,
  )
})
