import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError } from '../../../src/core/vocabulary/errors.ts'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import type { ConnectData, ConnectField, ConnectItem } from '../../fixtures/servers/connect-data.ts'
import { connected, subject } from './op-connect-server.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { bytesOf, fetched, parsed } from '../provider/provider-attempt.ts'

const BINARY = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7) % 256))
const SEED = 'otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=x'

const LOGIN: ConnectItem = {
  id: idOf(10),
  title: 'Login',
  sections: [
    { id: 'Section_one', label: 'Database' },
    { id: 'Section_two', label: 'Backup' },
    { id: 'add more' },
  ],
  fields: [
    { id: 'password', type: 'CONCEALED', purpose: 'PASSWORD', label: 'Kennwort', value: 'top' },
    { id: 'f1', label: 'host', value: 'db.example.com', section: { id: 'Section_one' } },
    { id: 'f2', label: 'host', value: 'backup.example.com', section: { id: 'Section_two' } },
    { id: 'f3', label: 'port', value: '5432', section: { id: 'Section_one' } },
    { id: 'f4', label: 'port', value: 'outside' },
    { id: 'f5', label: 'f1', value: 'label that is an id' },
    { id: 'f6', label: 'loose', value: 'unnamed', section: { id: 'add more' } },
    { id: 'f7', label: 'loose', value: 'named', section: { id: 'Section_two' } },
    { id: 'f8', label: 'only here', value: 'sdk', section: { id: 'Section_three', label: 'Unlisted' } },
    { id: 'f9', label: 'Case', value: 'upper' },
    { id: 'fa', label: 'case', value: 'lower' },
  ],
  files: [
    { id: idOf(20), name: 'key.der', content: BINARY.toString('base64') },
    { id: idOf(21), name: 'notes.txt', section: { id: 'Section_one' }, content: 'aGk=' },
  ],
}

function vault(...items: ConnectItem[]): ConnectData {
  return { vaults: [{ id: idOf(1), name: 'Main', items }] }
}

function login(title: string, id: string, value: string): ConnectItem {
  return { id, title, fields: [{ id: 'password', label: 'password', value }] }
}

test('the section of a reference decides, by label or id, in any case', async (t) => {
  const { read } = await connected(t, vault(LOGIN))
  assert.deepEqual(
    await read(
      'op://Main/Login/Database/host',
      'op://Main/Login/backup/HOST',
      'op://Main/Login/Section_two/host',
    ),
    ['db.example.com', 'backup.example.com', 'backup.example.com'],
  )
  assert.deepEqual(await read('op://Main/Login/Unlisted/only here'), ['sdk'])
})

test('without a section, a field outside every section comes first', async (t) => {
  const { read } = await connected(t, vault(LOGIN))
  assert.deepEqual(await read('op://Main/Login/port', 'op://Main/Login/loose', 'op://Main/Login/only here'), [
    'outside',
    'unnamed',
    'sdk',
  ])
})

test('an id comes before a label, an exact label before one in another case', async (t) => {
  const { read } = await connected(t, vault(LOGIN))
  const references = ['f1', 'password', 'Kennwort', 'Case', 'case'].map((name) => `op://Main/Login/${name}`)
  assert.deepEqual(await read(...references), ['db.example.com', 'top', 'top', 'upper', 'lower'])
})

test('what fits several is ambiguous and lists their ids', async (t) => {
  const twice: ConnectItem = {
    ...LOGIN,
    title: 'Twice',
    id: idOf(11),
    sections: [
      { id: 's1', label: 'Same' },
      { id: 's2', label: 'Same' },
    ],
  }
  const { codes, messages } = await connected(t, vault(LOGIN, twice))
  const references = ['op://Main/Login/host', 'op://Main/Twice/Same/host', 'op://Main/Login/CASE']
  assert.deepEqual(await codes(...references), ['ambiguous', 'ambiguous', 'ambiguous'])
  const [field, section, folded] = await messages(...references)
  assert.match(field ?? '', /^2 fields are named "host": f1, f2$/)
  assert.match(section ?? '', /s1, s2$/)
  assert.match(folded ?? '', /f9, fa$/)
})

test('a field or section that is not there is not_found, in a section too', async (t) => {
  const { codes, messages } = await connected(t, vault(LOGIN))
  const references = ['op://Main/Login/nope', 'op://Main/Login/Nope/host', 'op://Main/Login/Backup/port']
  assert.deepEqual(await codes(...references), ['not_found', 'not_found', 'not_found'])
  assert.match(
    (await messages(references[2] ?? ''))[0] ?? '',
    / has no field or file "port" in section "Backup" of item "Login"/,
  )
})

test('near names are offered for vaults, items, sections and fields', async (t) => {
  const opened = await connected(t, vault(LOGIN))
  const says = async (reference: string) => {
    const [outcome] = (await fetched(opened, [parsed(subject, reference)])).values()
    return outcome?.ok === false ? formatError(outcome.error) : assert.fail()
  }
  assert.match(await says('op://Mian/Login/Kennwort'), / has no vault "Mian" .*\(did you mean Main\?\)$/)
  assert.match(
    await says('op://Main/Logn/x'),
    / has no item "Logn" in vault "Main" \(did you mean Login\?\)$/,
  )
  assert.match(
    await says('op://Main/Login/Bakup/x'),
    / no section "Bakup" in item .*\(did you mean Backup\?\)$/,
  )
  assert.match(
    await says('op://Main/Login/Kenwort'),
    / no field or file "Kenwort" .*\(did you mean Kennwort\?\)$/,
  )
  assert.match(
    await says('op://Main/Login/unheard'),
    / in item "Login" \(there is (.+, ){4}.+ and \d+ more\)$/,
  )
})

test('attributes of fields', async (t) => {
  const { read, codes } = await connected(t, vault(LOGIN))
  const ask = (attribute: string) => `op://Main/Login/Kennwort?attribute=${attribute}`
  assert.deepEqual(await read(...['value', 'title', 'id', 'type', 'purpose'].map(ask)), [
    'top',
    'Kennwort',
    'password',
    'CONCEALED',
    'PASSWORD',
  ])
  assert.deepEqual(await codes(ask('content'), ask('otp')), ['filter_failed', 'filter_failed'])
})

test('files come byte for byte, by name, id and section, and have attributes', async (t) => {
  const opened = await connected(t, vault(LOGIN))
  const [content, byId] = await bytesOf(opened, [
    parsed(subject, 'op://Main/Login/key.der'),
    parsed(subject, `op://Main/Login/${idOf(20)}?attribute=content`),
  ])
  assert.ok(BINARY.equals(content ?? Buffer.alloc(0)) && BINARY.equals(byId ?? Buffer.alloc(0)))
  const ask = (attribute: string) => `op://Main/Login/key.der?attribute=${attribute}`
  assert.deepEqual(
    await opened.read(ask('size'), ask('name'), ask('id'), 'op://Main/Login/Database/notes.txt'),
    ['300', 'key.der', idOf(20), 'hi'],
  )
  const wrong = [
    ask('type'),
    'op://Main/Login/key.der?ssh-format=openssh',
    'op://Main/Login/Backup/notes.txt',
  ]
  assert.deepEqual(await opened.codes(...wrong), ['filter_failed', 'filter_failed', 'not_found'])
})

test("a one-time password is the server's, or computed from its seed", async (t) => {
  const fields: ConnectField[] = [
    { id: 'served', type: 'OTP', value: SEED, totp: '123456' },
    { id: 'seed', type: 'TOTP', value: SEED },
    { id: 'bare', type: 'OTP', value: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' },
    { id: 'broken', type: 'OTP', value: '!' },
  ]
  const { read, codes } = await connected(t, vault({ id: idOf(10), title: 'Otp', fields }))
  const ask = (id: string) => `op://Main/Otp/${id}?attribute=otp`
  const [served, seed, bare] = await read(ask('served'), ask('seed'), ask('bare'))
  assert.equal(served, '123456')
  assert.match(seed ?? '', /^[0-9]{6}$/)
  assert.equal(seed, bare)
  assert.deepEqual(await read('op://Main/Otp/served'), [SEED])
  assert.deepEqual(await codes(ask('broken')), ['filter_failed'])
})

test('titles that a filter cannot hold are looked up in the list', async (t) => {
  const titles = [`it's`, 'say "hi"', 'back\\slash', 'x" or title co "', 'ümlaut & friends #1']
  const { read, server } = await connected(
    t,
    vault(...titles.map((title, n) => login(title, idOf(30 + n), `v${n}`))),
  )
  assert.deepEqual(await read(...titles.map((title) => `op://Main/${title}/password`)), [
    'v0',
    'v1',
    'v2',
    'v3',
    'v4',
  ])
  const asked = server.requests.filter((path) => path.endsWith('/items'))
  assert.equal(asked.length, 1, 'one list for all of them')
  const filters = server.requests.filter((path) => path.includes('filter='))
  assert.deepEqual(filters, [`/v1/vaults/${idOf(1)}/items?filter=title eq "ümlaut & friends #1"`])
})

test('what a filter lets through is compared again', async (t) => {
  const { read, codes, server } = await connected(
    t,
    vault(login('one', idOf(30), 'v1'), login('other', idOf(31), 'v2')),
  )
  server.knobs.obeysFilters = false
  assert.deepEqual(await read('op://Main/other/password'), ['v2'])
  assert.deepEqual(await codes('op://Main/nothing/password'), ['not_found'])
})

test('titles and vault names match in any case, exact ones first', async (t) => {
  const { read } = await connected(
    t,
    vault(login('Mail', idOf(30), 'v1'), login('MAIL', idOf(31), 'v2'), login('Web', idOf(32), 'v3')),
  )
  assert.deepEqual(await read('op://main/MAIL/password', 'op://MAIN/web/Password'), ['v2', 'v3'])
})

test('one title for two items is ambiguous, unless one of them is archived', async (t) => {
  const put = (title: string, number: number, state?: 'ARCHIVED') => ({
    ...login(title, idOf(number), `v${number}`),
    ...(state === undefined ? {} : { state }),
  })
  const items = [put('two', 30), put('two', 31), put('old', 32, 'ARCHIVED'), put('old', 33)]
  const { codes, messages, read } = await connected(t, vault(...items))
  assert.deepEqual(await codes('op://Main/two/password'), ['ambiguous'])
  const [message] = await messages('op://Main/two/password')
  assert.ok(message?.includes(idOf(30)) && message.includes(idOf(31)), `${message}`)
  assert.deepEqual(await read('op://Main/old/password', `op://Main/${idOf(31)}/password`), ['v33', 'v31'])
})

test('one name for two vaults is ambiguous', async (t) => {
  const { codes } = await connected(t, {
    vaults: [
      { id: idOf(1), name: 'Main', items: [login('a', idOf(30), 'x')] },
      { id: idOf(2), name: 'Main', items: [] },
    ],
  })
  assert.deepEqual(await codes('op://Main/a/password', `op://${idOf(1)}/a/password`), ['ambiguous', 'ok'])
})

test('names that look like ids are names all the same', async (t) => {
  const vaultName = 'abcdefghijklmnopqrstuvwxyz'
  const title = 'zyxwvutsrqponmlkjihgfedcba'
  const { read, codes } = await connected(t, {
    vaults: [{ id: idOf(1), name: vaultName, items: [login(title, idOf(30), 'v')] }],
  })
  assert.deepEqual(
    await read(`op://${vaultName}/${title}/password`, `op://${idOf(1)}/${idOf(30)}/password`),
    ['v', 'v'],
  )
  assert.deepEqual(await codes(`op://${vaultName}/${idOf(77)}/password`, `op://${idOf(78)}/x/password`), [
    'not_found',
    'not_found',
  ])
})

test('* gives every field with a value by its label: no one-time password, no file', async (t) => {
  const item: ConnectItem = {
    id: idOf(11),
    title: 'All',
    sections: [
      { id: 's1', label: 'Server' },
      { id: 's2', label: 'Backup' },
    ],
    fields: [
      { id: 'username', label: 'username', value: 'u' },
      { id: 'notesPlain', label: 'notesPlain' },
      { id: 'empty', label: 'empty', value: '' },
      { id: 'x7', label: '', value: 'no label' },
      { id: 'otp', type: 'OTP', label: 'one-time password', value: SEED, totp: '123456' },
      { id: 'seed', type: 'STRING', label: 'seed', value: SEED },
      { id: 'host', label: 'host name', value: 'h', section: { id: 's1' } },
      { id: 'port', label: 'port', value: '1', section: { id: 's2' } },
    ],
    files: [{ id: idOf(20), name: 'key.der', content: BINARY.toString('base64') }],
  }
  const opened = await connected(t, vault(item, LOGIN))
  const read = (text: string) => fieldsOf(opened, parsed(subject, text))
  const all = { username: 'u', x7: 'no label', 'host name': 'h', port: '1' }
  assert.deepEqual(await read('op://Main/All/*'), all)
  assert.deepEqual(await read('op://Main/All/server/*'), { 'host name': 'h' })
  assert.deepEqual(await opened.codes('op://Main/All/nowhere/*', 'op://Main/None/*'), [
    'not_found',
    'not_found',
  ])
  const labels = await opened.messages('op://Main/Login/*')
  assert.match(labels.join(), /2 fields are named "host": f1, f2/)
  assert.deepEqual(await read('op://Main/Login/Database/*'), { host: 'db.example.com', port: '5432' })
})
