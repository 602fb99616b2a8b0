import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply, failure } from '../../../test/support/apply-filter.ts'
import { get } from './get.ts'

const DOCUMENT = `{
  "db": { "user": "app", "hosts": ["one", { "name": "two" }], "a.b": "dotted", "": "empty name" },
  "account": 123456789012345678901234567890, "ratio": 1.10, "tiny": 1e-7, "on": true, "nothing": null, "text": "",
  "list": [1, 12345678901234567890, "x", null, [false]], "__proto__": "own", "unicode": "cl\\u00e9"
}`

test('get takes a value out of a JSON secret by its path', () => {
  const table: [string, string][] = [
    ['db.user', 'app'],
    ['db.hosts.0', 'one'],
    ['db.hosts.1.name', 'two'],
    ['db.a\\.b', 'dotted'],
    ['db.', 'empty name'],
    ['unicode', 'clé'],
    ['text', ''],
    ['__proto__', 'own'],
  ]
  for (const [path, value] of table) assert.equal(apply(get, DOCUMENT, { args: [path] }), value, path)
})

test('numbers keep every digit, and other values than text become JSON', () => {
  const table: [string, string][] = [
    ['account', '123456789012345678901234567890'],
    ['ratio', '1.10'],
    ['tiny', '1e-7'],
    ['on', 'true'],
    ['list', '[1,12345678901234567890,"x",null,[false]]'],
    ['db.hosts', '["one",{"name":"two"}]'],
    ['list.4', '[false]'],
  ]
  for (const [path, value] of table) assert.equal(apply(get, DOCUMENT, { args: [path] }), value, path)
})

test('a document with a byte order mark is read', () => {
  assert.equal(apply(get, '\ufeff{"a":"b"}', { args: ['a'] }), 'b')
})

test('a path that leads nowhere is named, the value is not', () => {
  for (const path of [
    'x',
    'db.x',
    'db.user.x',
    'db.hosts.2',
    'db.hosts.-1',
    'db.hosts.01',
    'db.hosts.length',
    'on.x',
    'nothing.x',
    '',
    'constructor',
    'db.toString',
    'account.digits',
  ]) {
    assert.equal(
      failure(get, DOCUMENT, { args: [path] }),
      `there is nothing at ${JSON.stringify(path)} in the JSON`,
    )
  }
  assert.equal(failure(get, DOCUMENT, { args: ['nothing'] }), 'there is only null at "nothing" in the JSON')
})

test('text that is not JSON is refused without showing it', () => {
  for (const text of ['CANARY', '{"a": CANARY}', '', '{"a":1,}', '['.repeat(19_000)]) {
    assert.equal(failure(get, text, { args: ['a'] }), 'the value is not JSON')
  }
  const deep = `${'['.repeat(19_000)}${']'.repeat(19_000)}`
  assert.equal(failure(get, deep, { args: ['0'] }), 'the JSON is nested too deep')
  assert.equal(failure(get, Uint8Array.of(0xff), { args: ['a'] }), 'the value is not UTF-8 text')
})

test('JSON of too many values is refused before it is parsed, and text in strings does not count', () => {
  const many = `[${'0,'.repeat(20_000)}0]`
  assert.equal(failure(get, many, { args: ['0'] }), 'the JSON has more than 20000 values')
  assert.equal(failure(get, '['.repeat(200_000), { args: ['0'] }), 'the JSON has more than 20000 values')
  const text = ',[{"\\'.repeat(10_000)
  assert.equal(apply(get, JSON.stringify({ text }), { args: ['text'] }), text)
})
