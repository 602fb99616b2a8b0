import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { ParseRef } from '../../core/template/template.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import { readTemplates } from './read-templates.ts'

const origin = 'driver option secret.a'
const fileOf = (template: string) => ({ origin, source: { kind: 'inline', template } as const })
const noFiles: SourceFiles = {
  read: () => Promise.reject(new Error('no file is read')),
  wasRead: () => false,
}

function world() {
  let parsed = 0
  const parseRef: ParseRef = (text) => {
    parsed += 1
    return parseSampleRef(text)
  }
  const read = (files: readonly ReturnType<typeof fileOf>[], references = 1000, renderedBytes = 1000) => {
    const allowance = createAllowance({ references, renderedBytes, origins: new Set([origin]) })
    return readTemplates(files, { parseRef, maxFileBytes: 1000, allowance }, noFiles)
  }
  return { read, parsed: () => parsed }
}

test('an inline template is parsed once for one parser of references', async () => {
  const { read, parsed } = world()
  const files = [fileOf('{{ op://v/i/a }} and {{ op://v/i/b }}')]
  const [first, second] = [await read(files), await read(files)]
  assert.deepEqual(second, first)
  assert.equal(second.templates[0]?.template.refs.length, 2)
  assert.equal(parsed(), 2)
  await world().read(files)
  assert.equal(parsed(), 2)
})

test('a template that was parsed before counts below the ceilings like a new one', async () => {
  const { read } = world()
  const files = [fileOf('{{ op://v/i/a }} and {{ op://v/i/b }}')]
  await read(files, 2)
  await assert.rejects(read(files, 1), { code: 'too_large' })
  await assert.rejects(read(files, 2, 10), { code: 'too_large' })
  assert.equal((await read(files, 2)).errors.length, 0)
})

test('a template with an error is parsed again, and gives the error again', async () => {
  const { read, parsed } = world()
  const files = [fileOf('{{ op://v/i/a | nofilter }}')]
  const errors = [...(await read(files)).errors, ...(await read(files)).errors]
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['template_syntax', 'template_syntax'],
  )
  assert.equal(parsed(), 2)
})
