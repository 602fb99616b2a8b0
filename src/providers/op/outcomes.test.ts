import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResolveReferenceError } from '@1password/sdk'
import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../core/vocabulary/errors.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import { outcomeOf } from './outcomes.ts'
import { sdkFailureOf } from './sdk-calls.ts'
import type { Answered } from './sdk-calls.ts'
import { responsesOf } from './sdk-methods.ts'

const KEY = 'op://v/i/f'
const REF = createRef('op', KEY, KEY)

/** The code of each error that the SDK's types name. */
const CODES: Readonly<Record<ResolveReferenceError['type'], ErrorCode>> = {
  parsing: 'ref_syntax',
  fieldNotFound: 'not_found',
  vaultNotFound: 'not_found',
  tooManyVaults: 'ambiguous',
  itemNotFound: 'not_found',
  tooManyItems: 'ambiguous',
  tooManyMatchingFields: 'ambiguous',
  noMatchingSections: 'not_found',
  incompatibleTOTPQueryParameterField: 'filter_failed',
  unableToGenerateTotpCode: 'filter_failed',
  sSHKeyMetadataNotFound: 'filter_failed',
  unsupportedFileFormat: 'filter_failed',
  incompatibleSshKeyQueryParameterField: 'filter_failed',
  unableToParsePrivateKey: 'filter_failed',
  unableToFormatPrivateKeyToOpenSsh: 'filter_failed',
  other: 'provider_protocol',
}

function answered(responses: Answered['responses']): Answered {
  return { requests: 1, responses }
}

function errorsOf(type: string, message?: string): Answered['responses'] {
  const error = (message === undefined ? { type } : { type, message }) as ResolveReferenceError
  return responsesOf({ individualResponses: { [KEY]: { error } } })
}

test('each error of the SDK has a code, and none of its words are kept', () => {
  for (const [type, code] of Object.entries(CODES)) {
    const outcome = outcomeOf(REF, answered(errorsOf(type, 'canary-of-the-sdk')), 'op')
    assert.ok(!outcome.ok)
    assert.equal(outcome.error.code, code, type)
    assert.match(formatError(outcome.error), /^[a-z1-9]/)
    assert.doesNotMatch(formatError(outcome.error), /canary/)
  }
})

test('an ambiguous name has the hint to write the id', () => {
  for (const type of ['tooManyVaults', 'tooManyItems', 'tooManyMatchingFields']) {
    const outcome = outcomeOf(REF, answered(errorsOf(type)), 'op')
    assert.match(outcome.ok ? '' : formatError(outcome.error), /write the id/)
  }
})

test('an unknown error and a missing answer are not a value', () => {
  for (const type of ['constructor', 'somethingNew', '']) {
    const outcome = outcomeOf(REF, answered(errorsOf(type)), 'op')
    assert.equal(outcome.ok || outcome.error.code, 'provider_protocol')
  }
  for (const responses of [new Map(), responsesOf({ individualResponses: { [KEY]: {} } })]) {
    const outcome = outcomeOf(REF, answered(responses), 'op')
    assert.equal(outcome.ok || outcome.error.code, 'provider_protocol')
  }
})

test('for the error "other" the failed request gives the reason', () => {
  const trouble = new LocketError('rate_limited', 'op asks for fewer requests', {
    retryAfterMs: 5,
    hint: 'wait',
  })
  const outcome = outcomeOf(REF, { ...answered(errorsOf('other')), trouble: sdkFailureOf(trouble) }, 'op')
  assert.ok(!outcome.ok)
  const { code, message, hint, retryAfterMs } = outcome.error
  assert.deepEqual([code, message, hint, retryAfterMs], ['rate_limited', trouble.message, 'wait', 5])
  const known = outcomeOf(
    REF,
    { ...answered(errorsOf('itemNotFound')), trouble: sdkFailureOf(trouble) },
    'op',
  )
  assert.equal(known.ok || known.error.code, 'not_found')
})

test('a name that does not exist is named, with the place where it was looked for', () => {
  const says = ['vaultNotFound', 'itemNotFound', 'noMatchingSections', 'fieldNotFound'].map((error) => {
    const outcome = outcomeOf(
      createRef('op', 'op://v/i/s/f', 'op://v/i/s/f'),
      { requests: 1, responses: new Map([['op://v/i/s/f', { error }]]) },
      'op',
    )
    return outcome.ok ? '' : outcome.error.message
  })
  assert.deepEqual(says, [
    'op has no vault "v" that this service account may read',
    'op has no item "i" in vault "v"',
    'op has no section "s" in item "i"',
    'op has no field or file "f" in section "s" of item "i"',
  ])
})

test('a value is bytes, also an empty one', () => {
  for (const secret of ['canary', '', 'ünï\n\0']) {
    const content = { secret, itemId: 'i', vaultId: 'v' }
    const outcome = outcomeOf(
      REF,
      answered(responsesOf({ individualResponses: { [KEY]: { content } } })),
      'op',
    )
    assert.ok(outcome.ok)
    assert.equal(new TextDecoder().decode(outcome.secret.value.reveal()), secret)
    assert.equal(outcome.secret.isFleeting, undefined)
  }
})
