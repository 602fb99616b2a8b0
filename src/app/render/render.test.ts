import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcome, Resolve } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
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
