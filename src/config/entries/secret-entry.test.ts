import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDriverOptions } from '../volume/driver-opts.ts'
import { fieldsOf } from '../../settings/field.ts'
import { VOLUME_SECTIONS } from '../sections/volume.ts'
import { secretFile } from './secret-entry.ts'

function problemsOf(options: Readonly<Record<string, string>>): string[] {
  const problems: string[] = []
  parseDriverOptions(options, fieldsOf(VOLUME_SECTIONS), problems)
  return problems
}

test('in driver options the path after @ must be absolute, and is not repeated', () => {
  const absolute = 'the path after @ must be absolute'
  assert.deepEqual(problemsOf({ 'secret.a': '@canary/a' }), [`driver option secret.a: ${absolute}`])
  assert.deepEqual(problemsOf({ 'secret.a': ' @../canary ' }), [`driver option secret.a: ${absolute}`])
  assert.deepEqual(problemsOf({ secret: 'a=@canary' }), [`driver option secret a: ${absolute}`])
  assert.deepEqual(problemsOf({ 'secret.a': '@' }), ['driver option secret.a: a path must follow the @'])
  assert.deepEqual(problemsOf({ 'secret.a': '@/etc/locket/t', 'secret.b': '@{{ local://b }}' }), [])
})

test('a command reads a relative path from its working directory', () => {
  const place = { origin: 'flag --secret a', base: '/srv/dir' }
  assert.deepEqual(secretFile('a', '@../t', place, [])?.source, { kind: 'file', path: '/srv/t' })
})
