import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitSettings } from '../../src/config/volume/driver-limits.ts'
import type { Layer, Problems } from '../../src/config/layers/layers.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { field, section } from '../../src/settings/field.ts'
import { CredentialText, HttpUrl } from '../../src/settings/kinds.ts'

const SECTION = section('some', 'Some service with two ways to log in', {
  url: field({
    name: 'some-url',
    schema: HttpUrl.optional(),
    summary: 'address',
    needsCredential: ['some-token', 'some-key'],
  }),
  token: field({ name: 'some-token', schema: CredentialText.optional(), summary: 'token', credential: true }),
  id: field({
    name: 'some-id',
    schema: CredentialText.optional(),
    summary: 'id',
    credential: true,
    isPublic: true,
  }),
  key: field({ name: 'some-key', schema: CredentialText.optional(), summary: 'key', credential: true }),
})
const OPERATORS = {
  url: 'http://operator',
  token: { kind: 'inline', value: Secret.fromText('canary-token') },
  key: { kind: 'inline', value: Secret.fromText('canary-key') },
}
const LIMITS = { allowInlineToken: false, ownFiles: new Set<string>(), ownFolders: [] }

function limited(options: Readonly<Record<string, string>>) {
  const problems: Problems = []
  const layer: Layer = new Map(
    Object.entries(options).map(([name, value]) => [name, { value, origin: `driver option ${name}` }]),
  )
  const given = Object.entries(SECTION.fields)
    .filter(([, it]) => it.name in options)
    .map(([key, it]) => [key, it.schema.parse(options[it.name])])
  return {
    settings: limitSettings(
      SECTION,
      { settings: { ...OPERATORS, ...Object.fromEntries(given) }, inherited: OPERATORS },
      layer,
      LIMITS,
      problems,
    ),
    problems,
  }
}

test('a volume that names a server has only its own credential, for every kind of login', () => {
  const { settings, problems } = limited({ 'some-url': 'http://elsewhere', 'some-key': 'file:/etc/key' })
  assert.deepEqual(problems, [])
  assert.equal(settings['url'], 'http://elsewhere')
  assert.equal(settings['token'], undefined)
  assert.equal(Reflect.get(Object(settings['key']), 'path'), '/etc/key')
})

test("on the operator's server a volume can use the operator's credentials and its own", () => {
  assert.deepEqual(limited({}).settings, OPERATORS)
  const { settings } = limited({ 'some-key': 'file:/etc/key' })
  assert.equal(settings['token'], OPERATORS.token)
})

test('a server without a credential of its own is refused', () => {
  assert.match(limited({ 'some-url': 'http://elsewhere' }).problems.join(), /needs some-token or some-key/)
})

test('a credential that is only a name can be written out, another cannot', () => {
  assert.deepEqual(limited({ 'some-id': 'canary-id' }).problems, [])
  assert.match(limited({ 'some-key': 'canary-key' }).problems.join(), /write file:\/path/)
})
