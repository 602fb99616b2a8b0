import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { asking } from '../provider/asking.ts'
import { open } from '../provider/provider-attempt.ts'
import { makeDatabase, PASSWORD, subject, type Entries } from './keepassxc-database.ts'

const backend = {
  put: () => Promise.reject(new Error('the data is given')),
  missing: '',
  canaries: [PASSWORD],
  knobs: {},
  deps: { env: { PATH: process.env['PATH'] } },
}

if (spawnSync('keepassxc-cli', ['--version']).status === 0) {
  test('attributes by name in any case, and what is missing or there twice is named', async (t) => {
    const folder = await temporaryFolder(t)
    const entries: Entries = new Map([
      ['app/db', { Password: 'secret', UserName: 'admin', token: 't1' }],
      ['app/twice', { Password: 'a' }],
      ['app/a/b', { Password: 'deep' }],
    ])
    const database = join(folder, 'secrets.kdbx')
    await makeDatabase(database, entries, PASSWORD)
    await using opened = await open(subject, { ...backend, settings: { database, password: PASSWORD } })
    const { read, messages } = asking(subject, opened)
    const db = 'keepassxc://app/db'
    assert.deepEqual(await read(db, `${db}?field=username`, `${db}?field=token`, 'keepassxc://app/a/b'), [
      'secret',
      'admin',
      't1',
      'deep',
    ])
    const [entry, field] = await messages('keepassxc://app/dv', `${db}?field=tokn`)
    assert.match(entry ?? '', /there is no entry app\/dv \(did you mean app\/db\?\)/)
    assert.match(field ?? '', /entry app\/db has no attribute "tokn" \(did you mean token\?\)/)
  })

  test('a value that refers to another entry is the value that keepassxc-cli shows', async (t) => {
    const folder = await temporaryFolder(t)
    const id = Buffer.from('an id of an entry')
    const text = `{REF:P@I:${id.subarray(0, 16).toString('hex').toUpperCase()}}`
    const owner = { UUID: id.subarray(0, 16).toString('base64'), Password: 'a secret' }
    const database = join(folder, 'secrets.kdbx')
    const entries: Entries = new Map([['clone', { Password: text }]])
    entries.set('owner', owner)
    await makeDatabase(database, entries, PASSWORD)
    const shown = spawnSync('keepassxc-cli', ['show', '-q', '-a', 'Password', database, 'clone'], {
      input: `${PASSWORD}\n`,
      encoding: 'utf8',
    })
    await using opened = await open(subject, { ...backend, settings: { database, password: PASSWORD } })
    const { read } = asking(subject, opened)
    assert.deepEqual([shown.stdout, ...(await read('keepassxc://clone'))], ['a secret\n', 'a secret'])
  })

  test('a file of another program, a missing one, and a machine without the program', async (t) => {
    const folder = await temporaryFolder(t)
    const database = join(folder, 'secrets.kdbx')
    await writeFile(database, 'canary-9f2c-value')
    const settings = { database, password: PASSWORD }
    await using other = await open(subject, { ...backend, settings })
    const ref = 'keepassxc://a'
    assert.match((await asking(subject, other).messages(ref))[0] ?? '', /secrets.kdbx cannot be read/)
    const gone = { ...settings, database: join(folder, 'no.kdbx') }
    await using missing = await open(subject, { ...backend, settings: gone })
    assert.deepEqual(await asking(subject, missing).codes(ref), ['credential_missing'])
    await using without = await open(subject, {
      ...backend,
      settings,
      deps: { env: { PATH: '/nonexistent' } },
    })
    assert.match((await asking(subject, without).messages(ref))[0] ?? '', /keepassxc-cli is not on the PATH/)
  })
} else {
  test('the program keepassxc-cli was not met', (t) => {
    t.diagnostic('keepassxc-cli is not on the PATH, see `make programs`')
  })
}
