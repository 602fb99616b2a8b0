import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'
import { lateSchema, loadSchemas } from '../../src/providers/lib/answers/late-schema.ts'
import { rowsOf } from '../../src/providers/lib/answers/rows.ts'

/** zod keeps its configuration here from the moment that it is loaded. */
const hasZod = () => '__zod_globalConfig' in globalThis

test('a provider is ready to ask before zod is loaded', async () => {
  await import('../../src/providers/op-connect/open.ts')
  await import('../../src/providers/bao/open.ts')
  await import('../../src/providers/infisical/open.ts')
  assert.equal(hasZod(), false)
  const Early = lateSchema((z) => z.string())
  assert.throws(
    () => Early.parse('x'),
    (thrown) => isLocketError(thrown) && thrown.code === 'internal',
  )
  await loadSchemas()
  assert.equal(hasZod(), true)
  assert.equal(Early.parse('x'), 'x')
})

test('a late schema is made once, and parses as the schema does', async (t) => {
  const made = t.mock.fn()
  const Rows = lateSchema((z) => {
    made()
    return rowsOf(z, z.object({ id: z.string(), n: z.number().nullish() }))
  })
  assert.equal(made.mock.callCount(), 0)
  await loadSchemas()
  const many = Array.from({ length: 200 }, (_, n) => ({ id: `i${n}`, n }))
  for (let turn = 0; turn < 100; turn += 1) {
    assert.deepEqual(Rows.parse(many), many)
    assert.equal(Rows.safeParse([{ id: 1 }]).success, false)
  }
  assert.equal(made.mock.callCount(), 1)
})
