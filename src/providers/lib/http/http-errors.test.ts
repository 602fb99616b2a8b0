import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocketError, formatError } from '../../../core/vocabulary/errors.ts'
import { abortError, statusError, transportError } from './http-errors.ts'

const LIVE = new AbortController().signal
const SECRET = 'canary-9f2c-value'

test('each status has one meaning', () => {
  const codes = {
    301: 'provider_protocol',
    400: 'provider_protocol',
    401: 'auth',
    403: 'denied',
    404: 'not_found',
    407: 'provider_protocol',
    408: 'unavailable',
    410: 'not_found',
    418: 'provider_protocol',
    429: 'rate_limited',
    500: 'unavailable',
    503: 'unavailable',
    599: 'unavailable',
  }
  for (const [status, code] of Object.entries(codes)) {
    const error = statusError('x at http://h', Number(status))
    assert.equal(error.code, code, status)
    assert.match(error.message, new RegExp(`^x at http://h .* \\(status ${status}\\)$`))
  }
})

test('each failure below HTTP has one meaning', () => {
  const codes = {
    ECONNREFUSED: 'unavailable',
    ECONNRESET: 'unavailable',
    ENOTFOUND: 'unavailable',
    EAI_AGAIN: 'unavailable',
    EHOSTUNREACH: 'unavailable',
    UND_ERR_CONNECT_TIMEOUT: 'unavailable',
    UND_ERR_SOCKET: 'unavailable',
    UND_ERR_HEADERS_TIMEOUT: 'timeout',
    UND_ERR_BODY_TIMEOUT: 'timeout',
    CERT_NOT_YET_VALID: 'unavailable',
    CERT_HAS_EXPIRED: 'provider_protocol',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'provider_protocol',
    SELF_SIGNED_CERT_IN_CHAIN: 'provider_protocol',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'provider_protocol',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'provider_protocol',
    ERR_TLS_CERT_ALTNAME_INVALID: 'provider_protocol',
    ERR_SSL_WRONG_VERSION_NUMBER: 'provider_protocol',
    EPROTO: 'provider_protocol',
    HPE_INVALID_CONSTANT: 'provider_protocol',
  }
  for (const [errno, code] of Object.entries(codes)) {
    const cause = Object.assign(new Error(SECRET), { code: errno })
    const error = transportError('x at http://h', new TypeError(SECRET, { cause }), LIVE)
    assert.equal(error.code, code, errno)
    assert.ok(error.message.includes(errno))
  }
})

test('the text of a thrown error is not quoted', () => {
  const odd = [
    SECRET,
    undefined,
    null,
    { code: SECRET },
    new TypeError(`Bearer ${SECRET}`),
    Object.assign(new Error(SECRET), { code: 5 }),
  ]
  for (const thrown of odd) {
    const error = transportError('x at http://h', thrown, LIVE)
    assert.equal(error.code, 'unavailable')
    assert.ok(!formatError(error).includes(SECRET))
    assert.equal(error.cause, undefined)
  }
})

test('an abort is reported as a deadline, a caller that left, or its own LocketError', () => {
  const own = new LocketError('unavailable', 'the engine is stopping')
  assert.equal(abortError('x', own), own)
  assert.equal(abortError('x', new DOMException('', 'TimeoutError')).code, 'timeout')
  assert.equal(abortError('x', new DOMException('', 'AbortError')).code, 'aborted')
  assert.equal(abortError('x', SECRET).code, 'aborted')
  assert.equal(transportError('x', new Error(SECRET), AbortSignal.abort()).code, 'aborted')
})
