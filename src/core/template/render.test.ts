import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomesOf, parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { isLocketError, LocketError } from '../vocabulary/errors.ts'
import type { Outcomes } from '../vocabulary/resolve.ts'
import { parseTemplate } from './parse.ts'
import { collectFailures, renderSteps, type RenderOptions } from './render.ts'
import { inOneTurn } from '../waiting/turns.ts'
import type { Template } from './template.ts'

const A = 'op://v/i/a'
const B = 'op://v/i/b'
const MISSING = new LocketError('not_found', 'no such field', { hint: 'look again' })
const DENIED = new LocketError('denied', 'not allowed')
const STRICT: RenderOptions = { policy: 'error', now: 59_000, origin: 'secret x', maxBytes: 1_048_576 }

type Values = Parameters<typeof outcomesOf>[1]

function parse(text: string | Uint8Array): Template {
  return parseTemplate(
    typeof text === 'string' ? new TextEncoder().encode(text) : text,
    parseSampleRef,
    'secret x',
  )
}

function renderBytes(
  text: string | Uint8Array,
  values: Values,
  options: Partial<RenderOptions> = {},
): Uint8Array | undefined {
  const template = parse(text)
  return inOneTurn(
    renderSteps(template, outcomesOf(template.refs, values), { ...STRICT, ...options }),
  )?.reveal()
}

function render(text: string, values: Values, options: Partial<RenderOptions> = {}): string | undefined {
  const bytes = renderBytes(text, values, options)
  return bytes && new TextDecoder().decode(bytes)
}

function refusal(text: string, values: Values, options: Partial<RenderOptions> = {}): LocketError {
  try {
    render(text, values, options)
  } catch (thrown) {
    if (isLocketError(thrown)) return thrown
    throw thrown
  }
  throw new assert.AssertionError({ message: 'it was rendered' })
}

test('values replace their tags', () => {
  assert.equal(
    render(`user={{ ${A} }}\npassword={{ ${B} }}\n`, { [A]: 'app', [B]: 's3cret' }),
    'user=app\npassword=s3cret\n',
  )
  assert.equal(render(`${A}\n`, { [A]: 'alone' }), 'alone')
  assert.equal(render(`{{ ${A} }}{{ ${A} }}`, { [A]: 'x' }), 'xx')
  assert.equal(render(`{{ ${A} }}`, { [A]: '' }), '')
  assert.equal(render('no tags', {}), 'no tags')
})

test('a value is never read as a template', () => {
  assert.equal(
    render(`{{ ${A} }} {{ ${B} }}`, { [A]: `{{ ${B} }} {{ "{{" }} $& $1`, [B]: 'b' }),
    `{{ ${B} }} {{ "{{" }} $& $1 b`,
  )
})

test('a binary value comes out byte for byte, and so does a binary template', () => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  assert.deepEqual(renderBytes(A, { [A]: every.slice() }), every)
  const tag = new TextEncoder().encode(`{{ ${A} }}`)
  const around = new Uint8Array([...every, ...tag, ...every])
  assert.deepEqual(
    renderBytes(around, { [A]: every.slice() }),
    new Uint8Array([...every, ...every, ...every]),
  )
})

test('filters work from left to right', () => {
  assert.equal(render(`{{ ${A} | trim | base64 }}`, { [A]: ' foo\n' }), 'Zm9v')
  assert.equal(
    render(`{{ ${A} | get "db.password" | json }}`, { [A]: '{"db":{"password":"a\\"b"}}' }),
    String.raw`"a\"b"`,
  )
  assert.equal(render(`{{ ${A} | totp }}`, { [A]: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }), '287082')
})

test('a default is used when the secret does not exist, and skips the filters before it', () => {
  assert.equal(render(`{{ ${A} | default "none" }}`, { [A]: MISSING }), 'none')
  assert.equal(render(`{{ ${A} | get x | default "a b" | base64 }}`, { [A]: MISSING }), 'YSBi')
  assert.equal(render(`{{ ${A} | default "" }}|`, { [A]: MISSING }), '|')
  assert.equal(render(`{{ ${A} | default "none" }}`, { [A]: '' }), '')
})

test('a default does not cover any other failure', () => {
  assert.equal(refusal(`{{ ${A} | default "none" }}`, { [A]: DENIED }).code, 'denied')
})

test('error: one error has every failed reference; one that is not retryable gives its code', () => {
  const slow = new LocketError('timeout', 'no answer')
  const error = refusal(`{{ ${A} }} {{ ${B} }} {{ ${A} }}`, { [A]: slow, [B]: MISSING })
  assert.equal(error.code, 'not_found')
  assert.equal(error.message, `secret x: ${A}: no answer; secret x: ${B}: no such field (look again)`)
})

test('passthrough: a tag that failed stays as it was written, the others are filled in', () => {
  const text = `a {{"${A}"|base64}} {{ ${B} }}`
  assert.equal(render(text, { [A]: MISSING, [B]: 'b' }, { policy: 'passthrough' }), `a {{"${A}"|base64}} b`)
  assert.equal(render(` ${A}\n`, { [A]: DENIED }, { policy: 'passthrough' }), ` ${A}\n`)
})

test('ignore: a file with a reference that failed is left out', () => {
  assert.equal(render(`{{ ${A} }} {{ ${B} }}`, { [A]: 'a', [B]: MISSING }, { policy: 'ignore' }), undefined)
  assert.equal(
    render(`{{ ${A} }} {{ ${B} | default c }}`, { [A]: 'a', [B]: MISSING }, { policy: 'ignore' }),
    'a c',
  )
})

test('a filter that fails reports its name, place and reference, and never the value', () => {
  for (const policy of ['error', 'passthrough', 'ignore'] as const) {
    const error = refusal(
      `first\n {{ ${A} | get "a.b" }} {{ ${B} | base64decode }}`,
      { [A]: '{"CANARY":1}', [B]: 'CANARY!' },
      { policy },
    )
    assert.equal(error.code, 'filter_failed')
    assert.equal(
      error.message,
      `secret x: line 2, column 2: ${A}: filter get: there is nothing at "a.b" in the JSON (names are exact, case included); ` +
        `secret x: line 2, column 31: ${B}: filter base64decode: the value is not base64 ` +
        '(leave the filter out for a plain value)',
    )
  }
})

test('the given values are not changed, and a result has its own bytes', () => {
  const template = parse(`{{ ${A} | trim }}{{ ${A} | base64 }}{{ ${A} }}{{ ${A} | trim | trim }}`)
  const value = new TextEncoder().encode(' CANARY ')
  const outcomes = outcomesOf(template.refs, { [A]: value })
  const first = inOneTurn(renderSteps(template, outcomes, STRICT))
  assert.equal(new TextDecoder().decode(value), ' CANARY ')
  first?.wipe()
  assert.equal(new TextDecoder().decode(value), ' CANARY ')
  assert.equal(
    new TextDecoder().decode(inOneTurn(renderSteps(template, outcomes, STRICT))?.reveal()),
    'CANARYIENBTkFSWSA= CANARY CANARY',
  )
})

test('buffers that filters make are overwritten, also when a later filter fails', (context) => {
  const fill = context.mock.method(Uint8Array.prototype, 'fill')
  const wiped: number[] = []
  const note = () => {
    for (const { this: bytes } of fill.mock.calls) {
      assert.ok(bytes instanceof Uint8Array && bytes.every((byte) => byte === 0))
      wiped.push(bytes.byteLength)
    }
    fill.mock.resetCalls()
  }
  render(`{{ ${A} | base64 | json }}`, { [A]: 'CANARY' })
  note()
  refusal(`{{ ${A} | base64 | get x }}`, { [A]: 'CANARY' })
  note()
  assert.deepEqual(wiped, ['Q0FOQVJZ'.length, '"Q0FOQVJZ"'.length, 'Q0FOQVJZ'.length])
})

test('failures of several files are collected in order, each reference once, without defaults', () => {
  const templates = [
    parse(`{{ ${A} | default x }} {{ op://v/i/ok }}`),
    parse(`{{ ${B} }} {{ ${A} | default y }}`),
    parse(`{{ op://v/i/c | default z }} {{ ${B} }}`),
  ]
  const refs = templates.flatMap((template) => template.refs)
  const failed = (outcomes: Outcomes) =>
    collectFailures(templates, outcomes).map(({ ref, error }) => `${ref.text} ${error.code}`)
  const values = { [A]: MISSING, [B]: MISSING, 'op://v/i/ok': 'ok', 'op://v/i/c': DENIED }
  assert.deepEqual(failed(outcomesOf(refs, values)), [`${B} not_found`, 'op://v/i/c denied'])
  assert.deepEqual(failed(outcomesOf(refs, { ...values, [B]: 'b', 'op://v/i/c': 'c' })), [])
})

test('a reference with a default in one place and none in another fails', () => {
  const templates = [parse(`{{ ${A} | default x }}`), parse(`{{ ${A} }}`)]
  const refs = templates.flatMap((template) => template.refs)
  assert.equal(collectFailures(templates, outcomesOf(refs, { [A]: MISSING })).length, 1)
})

test('a reference that no provider was asked for is an internal error', () => {
  assert.equal(refusal(`{{ ${A} }}`, {}).code, 'internal')
})
