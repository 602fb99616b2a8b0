import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fieldsOf } from '../provider/provider-all.ts'
import { asking } from '../provider/asking.ts'
import { open } from '../provider/provider-attempt.ts'
import { keyring, passStore, subject } from './pass-store.ts'

const backend = {
  put: () => Promise.reject(new Error('the data is given')),
  missing: '',
  canaries: [],
  knobs: {},
}

if (spawnSync('pass', ['version']).status === 0) {
  test('the first line, a named line, all lines, and the names of folders and options', async (t) => {
    const { settings, insert, deps } = await passStore(t)
    await insert('app/db', 'secret\nuser: admin\nurl:  https://x:1/y\nuser: second\nnote without colon\n')
    await insert('-c', 'dashed\n')
    await using opened = await open(subject, { ...backend, settings, deps })
    const { read, messages, refsOf } = asking(subject, opened)
    const fields = [
      'pass://app/db',
      'pass://app/db?field=user',
      'pass://app/db?field=url',
      'pass://app/db?field=password',
    ]
    assert.deepEqual(await read(...fields, 'pass://-c'), [
      'secret',
      'admin',
      'https://x:1/y',
      'secret',
      'dashed',
    ])
    const [all] = refsOf(['pass://app/db?field=*'])
    assert.ok(all !== undefined)
    assert.deepEqual(await fieldsOf(opened, all), { password: 'secret', user: 'admin', url: 'https://x:1/y' })
    const [folder, field] = await messages('pass://app', 'pass://app/db?field=usr')
    assert.match(folder ?? '', /there is no file \S+\/app.gpg/)
    assert.match(field ?? '', /entry app\/db has no line "usr: …" \(did you mean user\?\)/)
  })

  test('an entry for another key, and a machine without pass, are named', async (t) => {
    const { home, settings, insert, deps } = await passStore(t)
    await insert('db', 'canary-9f2c-value\n')
    const other = { ...settings, gnupgHome: await keyring(t, home, 'other') }
    await using stranger = await open(subject, { ...backend, settings: other, deps })
    const { messages, codes } = asking(subject, stranger)
    assert.match((await messages('pass://db'))[0] ?? '', /no key of this user opens entry db/)
    assert.deepEqual(await codes('pass://db'), ['auth'])
    await using without = await open(subject, {
      ...backend,
      settings,
      deps: { env: { PATH: '/nonexistent' } },
    })
    assert.match(
      (await asking(subject, without).messages('pass://db'))[0] ?? '',
      /program pass is not on the PATH/,
    )
  })
} else {
  test('the program pass was not met', (t) => {
    t.diagnostic('pass is not on the PATH, see `make programs`')
  })
}
