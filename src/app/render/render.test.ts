import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import { fieldRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Resolve } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import type { FieldsOf, PreparedTemplate } from '../recipe/recipe.ts'
import { render, type RenderRequest } from './render.ts'

const NOT_FOUND = new LocketError('not_found', 'no such field')

function prepared(text: string): PreparedTemplate {
  const template = parseTemplate(new TextEncoder().encode(text), parseSampleRef, text)
  return { origin: text, template }
}

/** Has a value for each reference, but not for those whose text contains `missing`. */
const resolve: Resolve = async (refs) =>
  new Map(
    refs.map(({ id, text }): [typeof id, Outcome] => [
      id,
      text.includes('missing')
        ? { ok: false, error: NOT_FOUND }
        : { ok: true, secret: { value: Secret.fromText('value') } },
    ]),
  )

function renderTexts(texts: readonly string[], more: Partial<RenderRequest> = {}) {
  const templates = texts.map(prepared)
  const signal = new AbortController().signal
  const clock = createManualClock()
  const request = { policy: 'error', maxFileBytes: 1000, resolve, clock, signal, ...more } as const
  return render({ templates }, request)
}

test('all files that are one value share its bytes, others have their own', async () => {
  const rendered = await renderTexts(['op://v/i/a', '{{ op://v/i/a }}', 'x{{ op://v/i/a }}', 'op://v/i/b'])
  const contents = [...rendered.contents.values()]
  assert.equal(new Set(contents).size, 3)
  assert.equal(contents[0], contents[1])
  const shown = contents.map((content) => new TextDecoder().decode(content.reveal()))
  assert.deepEqual(shown, ['value', 'value', 'xvalue', 'value'])
  rendered.wipe()
  assert.deepEqual(
    contents.map(({ byteLength }) => byteLength),
    [0, 0, 0, 0],
  )
})

test('a tag that is written because its value is missing is not shared', async () => {
  const rendered = await renderTexts(['{{op://v/i/missing}}', '{{ op://v/i/missing }}'], {
    policy: 'passthrough',
  })
  const shown = [...rendered.contents.values()].map((content) => new TextDecoder().decode(content.reveal()))
  assert.deepEqual(shown, ['{{op://v/i/missing}}', '{{ op://v/i/missing }}'])
})

const ALLOWANCE = createAllowance({ references: 10_000, renderedBytes: 10_000_000, origins: new Set() })
const SLOW = '{{ op://v/i/a | base64 | base64decode }}'.repeat(1000)

test('a volume is not rendered for longer than 10 s', async () => {
  let ms = 0
  const clock = { ...createManualClock(), elapsed: () => (ms += 1000) }
  await assert.rejects(renderTexts([SLOW, SLOW], { maxFileBytes: 10_000, clock, allowance: ALLOWANCE }), {
    code: 'timeout',
    message: 'rendering took longer than 10 s',
  })
})

test('a volume that nobody waits for is not rendered further; one whose time was up before is', async () => {
  const nobody = new AbortController()
  let ms = 0
  const elapsed = () => {
    ms += 10
    if (ms > 100) nobody.abort(new LocketError('aborted', 'nobody waits'))
    return ms
  }
  const clock = { ...createManualClock(), elapsed }
  const request = { maxFileBytes: 10_000, clock, allowance: ALLOWANCE, signal: nobody.signal }
  await assert.rejects(renderTexts([SLOW], request), /nobody waits/)
  ms = 0
  const rendered = await renderTexts(['{{ op://v/i/a }}'.repeat(100), 'x'], {
    ...request,
    policy: 'passthrough',
  })
  assert.equal(rendered.contents.size, 2)
})

test('the fields of a * reference are rendered one by one, and the packed value is wiped', async () => {
  const values = [Secret.fromText('one'), Secret.fromText('two')]
  const packed = packFields(values.map((value, index) => [`f${index}`, value]))
  const star = prepared('op://v/i/*')
  const made: PreparedTemplate[] = []
  const spread = (fieldsOf: FieldsOf) =>
    (fieldsOf(star) ?? []).map((name) => {
      const [ref = assert.fail()] = star.template.refs
      const template = { ...prepared('op://v/i/x').template, refs: [fieldRef(ref, name)] }
      const segments = template.segments.map((segment) => ({ ...segment, ref: fieldRef(ref, name) }))
      made.push({ origin: name, template: { ...template, segments } })
      return made.at(-1) ?? assert.fail()
    })
  const answer: Resolve = async (refs) =>
    new Map(refs.map(({ id }) => [id, { ok: true, secret: { value: packed } }]))
  const request = { policy: 'error', maxFileBytes: 1000, clock: createManualClock() } as const
  const { signal } = new AbortController()
  const rendered = await render({ templates: [star], spread }, { ...request, resolve: answer, signal })
  assert.deepEqual(rendered.templates, made)
  const shown = made.map((template) => new TextDecoder().decode(rendered.contents.get(template)?.reveal()))
  assert.deepEqual(shown, ['one', 'two'])
  assert.equal(packed.byteLength, 0)
  rendered.wipe()
  assert.ok(made.every((template) => rendered.contents.get(template)?.byteLength === 0))
})

test('a * reference where nothing can take its fields is not written as text', async () => {
  await assert.rejects(renderTexts(['op://v/i/*']), { code: 'internal' })
  await assert.rejects(renderTexts(['op://v/i/missing/*'], { policy: 'passthrough' }), { code: 'not_found' })
})
