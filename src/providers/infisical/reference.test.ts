import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { formatInfisicalReference, parseInfisicalReference } from './reference.ts'
import type { Defaults } from './reference.ts'

const PROJECT = '3832b656-a93b-45ad-bdfa-b267016802c3'
const OTHER = 'ffffffff-a93b-45ad-bdfa-b267016802c3'
const DEFAULTS = { environment: 'prod', projectId: PROJECT, path: '/app', type: 'personal' } as const

test('an option of the reference wins over its default', () => {
  assert.deepEqual(parseInfisicalReference('infisical:///K', DEFAULTS), { key: 'K', ...DEFAULTS })
  const text = `infisical:///K?env=dev&path=/x/&project_id=${OTHER}&type=shared`
  const given = { key: 'K', environment: 'dev', path: '/x', projectId: OTHER, type: 'shared' }
  assert.deepEqual(parseInfisicalReference(text, DEFAULTS), given)
  assert.deepEqual(parseInfisicalReference(text, {}), given)
  assert.deepEqual(parseInfisicalReference('infisical:///K?path=/', DEFAULTS), {
    ...DEFAULTS,
    key: 'K',
    path: '/',
  })
})

test('a reference with defaults and its complete form are one secret', () => {
  const written = `infisical:///K?env=prod&path=/app&project_id=${PROJECT}&type=personal`
  const format = (text: string) =>
    formatInfisicalReference(parseInfisicalReference(text, DEFAULTS) ?? assert.fail())
  assert.equal(format('infisical:///K'), written)
  assert.equal(format(written), written)
})

test('a complete text parses back to itself without defaults, for any key', () => {
  for (const key of ['K', 'a b', '50%', '#&=+', 'ü', '...', "it's", '<b>', '[x]\\']) {
    const reference = { ...DEFAULTS, key }
    assert.deepEqual(parseInfisicalReference(formatInfisicalReference(reference), {}), reference)
  }
})

test('a missing environment or project is reported with its option and its setting', () => {
  says('infisical:///K', /names no environment \(add env=… or set infisical-default-environment \(INFISICAL_/)
  says(
    'infisical:///K?env=dev',
    /names no project \(add project_id=… or set infisical-default-project-id \(INF/,
  )
})

test('a malformed reference has a hint with the probable form', () => {
  says('infisical://KEY?env=dev', /three slashes .*\(did you mean infisical:\/\/\/KEY\?\)$/)
  says('infisical:/KEY', /\(did you mean infisical:\/\/\/KEY\?\)$/)
  says('infisical://dev/KEY', /\(expected infisical:\/\/\/KEY\?env=/)
  says('infisical:///app/KEY', /\(a folder is written path=\/…\)$/)
  says('infisical:///K?evn=dev', /unknown option \(did you mean env\?\)$/)
  says('infisical:///K?projectId=x', /unknown option \(did you mean project_id\?\)$/)
  says('infisical:///K?version=3', /unknown option \(there are env, path, project_id, type\)$/)
  says('infisical:///K?env=a&env=b', /has env more than once$/)
  says(
    'infisical:///K?type=Personal',
    /has a wrong type \(it must be one of shared, personal, did you mean personal\?\)$/,
  )
  says('infisical:///K?path=app', /has a wrong path \(it must be a folder like \/app\/db\)$/)
  says('infisical:///K?env=', /has no value for env \(leave env out, or write env=VALUE\)$/)
})

function says(text: string, pattern: RegExp, defaults: Defaults = {}): void {
  assert.throws(
    () => parseInfisicalReference(text, defaults),
    (error: LocketError) => {
      assert.equal(error.code, 'ref_syntax')
      assert.match(formatError(error), pattern)
      return true
    },
  )
}
