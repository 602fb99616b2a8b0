import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../vocabulary/secret.ts'
import { formatAuthority, namesHost, parseAuthority, parseHostPattern } from './authority.ts'
import { isBoundTo, type BlindBinding } from './binding.ts'
import { createPlaceholder, isPlaceholder } from './placeholder.ts'
import { isPublicAddress } from './reachable.ts'
import { createScrubber, scrubForms, type Scrubber } from './scrub.ts'
import { swapBody, swapHead, type BlindSecret, type RequestHead } from './swap.ts'

const VALUE = 'canary-blind/value+51'
const PLACEHOLDER = createPlaceholder()

function secret(binding: Partial<BlindBinding>, value = VALUE): BlindSecret {
  const hosts = [parseHostPattern('api.example')].filter((it) => it !== undefined)
  return {
    name: 'TOKEN',
    placeholder: PLACEHOLDER,
    binding: { hosts, methods: undefined, paths: undefined, places: [], ...binding },
    value: Secret.fromText(value),
  }
}

function request(given: Partial<RequestHead>): RequestHead {
  return { host: 'api.example', port: 443, method: 'GET', target: '/v1/items', headers: [], ...given }
}

const HEADER = { places: [{ kind: 'header', name: 'authorization' }] } as const
const bearer = { headers: [['Authorization', `Bearer ${PLACEHOLDER}`]] } as const

test('authorities are read as names of DNS and addresses, and in no other way', () => {
  assert.deepEqual(parseAuthority('API.Example.'), { host: 'api.example', port: 443 })
  assert.deepEqual(parseAuthority('[2001:DB8::1]:8443'), { host: '2001:db8::1', port: 8443 })
  assert.deepEqual(parseAuthority('192.0.2.1:80'), { host: '192.0.2.1', port: 80 })
  for (const wrong of [
    '',
    '127.1',
    '0x7f000001',
    '2130706433',
    'a..b',
    'a b',
    'a/b',
    'u@h',
    'a:0',
    'a:65536',
  ])
    assert.equal(parseAuthority(wrong), undefined, wrong)
  assert.equal(formatAuthority({ host: '2001:db8::1', port: 8443 }), '[2001:db8::1]:8443')
})

test('a pattern names one host, or the hosts below one, on one port', () => {
  const names = (pattern: string, host: string, port = 443) => {
    const parsed = parseHostPattern(pattern)
    return parsed !== undefined && namesHost(parsed, { host, port })
  }
  assert.ok(names('api.example', 'api.example'))
  assert.ok(names('*.api.example', 'eu.west.api.example'))
  assert.ok(!names('*.api.example', 'api.example'))
  assert.ok(!names('*.api.example', 'notapi.example'))
  assert.ok(!names('api.example', 'api.example', 8443))
  assert.equal(parseHostPattern('*'), undefined)
  assert.equal(parseHostPattern('*.example'), undefined, 'all of a top-level domain')
  assert.equal(parseHostPattern('*.192.0.2.1'), undefined)
})

test('a binding with methods and paths fits only what both name', () => {
  const { binding } = secret({ methods: ['GET'], paths: ['/v1/items', '/v1/*/read'] })
  assert.ok(binding !== undefined)
  const fits = (method: string, target: string) => isBoundTo(binding, request({ method, target }))
  assert.ok(fits('GET', '/v1/items?page=2'))
  assert.ok(fits('GET', '/v1/a/b/read'))
  assert.ok(!fits('POST', '/v1/items'))
  assert.ok(!fits('GET', '/v1/items/'))
  assert.ok(!fits('GET', '/v1//read'), 'two slashes')
  for (const path of ['/v1/../v2/read', '/v1/%2e%2E/read', '/v1/a%2fb/read', '/v1/a\\b/read', '/v1/a;x/read'])
    assert.ok(!fits('GET', path), path)
})

test('only addresses of the public internet are public', () => {
  for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '172.31.0.1', '192.168.1.1', '0.0.0.0'])
    assert.ok(!isPublicAddress(address), address)
  for (const address of [
    '::1',
    '::ffff:8.8.8.8',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'x',
  ])
    assert.ok(!isPublicAddress(address), address)
  for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700::1111'])
    assert.ok(isPublicAddress(address), address)
})

test('a placeholder is long and random, or keeps its format', () => {
  assert.match(PLACEHOLDER, /^locketblind[A-Za-z0-9]{43}$/)
  assert.notEqual(createPlaceholder(), PLACEHOLDER)
  const format = { prefix: 'ghp_', length: 40 }
  const made = createPlaceholder(format)
  assert.match(made, /^ghp_[A-Za-z0-9]{36}$/)
  assert.ok(isPlaceholder(made, format))
  assert.ok(!isPlaceholder(made))
})

test('a header that names another method or path is not bound by methods or paths', () => {
  const swapped = (binding: Partial<BlindBinding>, name: string): number => {
    const headers = [...bearer.headers, [name, '/v1/other']] as const
    return swapHead(request({ headers }), [secret({ ...HEADER, ...binding })]).swapped.length
  }
  for (const name of ['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override'])
    assert.deepEqual([swapped({ methods: ['GET'] }, name), swapped({}, name)], [0, 1], name)
  for (const name of ['X-Original-URL', 'x-rewrite-url'])
    assert.deepEqual([swapped({ paths: ['/v1/items'] }, name), swapped({}, name)], [0, 1], name)
  assert.equal(swapped({ methods: ['GET'], paths: ['/v1/items'] }, 'x-other'), 1)
})

test('a header is swapped where it is bound, and left everywhere else', () => {
  const swapped = swapHead(request(bearer), [secret(HEADER)])
  assert.deepEqual(swapped.headers, [['Authorization', `Bearer ${VALUE}`]])
  assert.deepEqual(swapped.swapped, [{ name: 'TOKEN', place: 'header authorization' }])
  const others: readonly RequestHead[] = [
    request({ ...bearer, host: 'other.example' }),
    request({ ...bearer, port: 8443 }),
    request({ headers: [['X-Copy', PLACEHOLDER]] }),
    request({ target: `/v1/items?key=${PLACEHOLDER}` }),
    request({ target: `/v1/${PLACEHOLDER}` }),
  ]
  for (const other of others) {
    const result = swapHead(other, [secret(HEADER)])
    assert.deepEqual([result.target, result.headers, result.swapped], [other.target, other.headers, []])
    assert.equal(result.left.length, 1)
  }
  assert.deepEqual(swapHead(request(bearer), [{ ...secret(HEADER), binding: undefined }]).swapped, [])
})

test('user and password of Basic are swapped only for a binding to Basic', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const head = request({ headers: [['authorization', basic(`bot:${PLACEHOLDER}`)]] })
  const bound = swapHead(head, [secret({ places: [{ kind: 'basic' }] })])
  assert.deepEqual(bound.headers, [['authorization', basic(`bot:${VALUE}`)]])
  assert.deepEqual(swapHead(head, [secret(HEADER)]).headers, head.headers)
})

test('a parameter of the query gets the value percent-encoded', () => {
  const bound = secret({ places: [{ kind: 'query', name: 'key' }] })
  const { target } = swapHead(request({ target: `/v1?a=${PLACEHOLDER}&key=${PLACEHOLDER}` }), [bound])
  assert.equal(target, `/v1?a=${PLACEHOLDER}&key=canary-blind%2Fvalue%2B51`)
})

test('a value with a line break is never put into a header', () => {
  assert.throws(() => swapHead(request(bearer), [secret(HEADER, 'a\r\nx-more: b')]), {
    code: 'unfit_value',
  })
})

test('a body gets the value as its content type writes it', () => {
  const bound = secret({}, 'a"b c')
  const swap = (body: string, type: string) =>
    Buffer.from(swapBody(Buffer.from(body), type, [bound]).body).toString()
  assert.equal(swap(`{"k":"${PLACEHOLDER}"}`, 'application/json; charset=utf-8'), '{"k":"a\\"b c"}')
  assert.equal(swap(`k=${PLACEHOLDER}`, 'application/x-www-form-urlencoded'), 'k=a%22b%20c')
  assert.equal(swap(`é${PLACEHOLDER}`, 'text/plain'), 'éa"b c')
})

test('a body does not grow without limit when a long value is put in many times', () => {
  const bound = secret({}, 'x'.repeat(64 * 1024))
  const swap = (times: number) => swapBody(Buffer.from(PLACEHOLDER.repeat(times)), 'text/plain', [bound])
  assert.equal(swap(2).body.byteLength, 128 * 1024)
  assert.throws(() => swap(1000), { code: 'too_large' })
})

/** Pushes the text in pieces of this size. */
function scrubbed(scrubber: Scrubber, text: string, size: number): string {
  const bytes = Buffer.from(text)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size)
    parts.push(Buffer.from(scrubber.push(Buffer.from(bytes.subarray(at, at + size)))))
  return Buffer.concat([...parts, scrubber.flush()]).toString()
}

test('a scrubber hides each form in pieces of any size, and keeps the length', () => {
  using forms = scrubForms([{ placeholder: PLACEHOLDER, value: Secret.fromText(VALUE) }])
  const hidden = [
    VALUE,
    Buffer.from(VALUE).toString('base64'),
    Buffer.from(`user:${VALUE}`).toString('base64'),
    encodeURIComponent(VALUE),
  ]
  for (const form of hidden)
    for (const size of [1, 2, 3, 7, 1000]) {
      const text = `before ${form} between ${form}${form} after`
      const shown = scrubbed(createScrubber(forms), text, size)
      assert.equal(shown.length, text.length)
      assert.ok(shown.startsWith('before ') && shown.endsWith(' after'))
      assert.ok(!shown.includes(form.slice(4, -4)), `${form} in pieces of ${size}`)
    }
  const whole = scrubbed(createScrubber(forms), `<${VALUE}>`, 1000)
  assert.equal(whole, `<${PLACEHOLDER.slice(0, VALUE.length)}>`)
})

test('a scrubber holds back no more than two bytes that only begin like a value by chance', () => {
  using forms = scrubForms([{ placeholder: PLACEHOLDER, value: Secret.fromText(VALUE) }])
  const scrubber = createScrubber(forms)
  assert.equal(Buffer.from(scrubber.push(Buffer.from('abc ca'))).toString(), 'abc ca')
  assert.equal(Buffer.from(scrubber.push(Buffer.from(VALUE.slice(2, 12)))).length, 0, 'held')
  assert.equal(Buffer.from(scrubber.push(Buffer.from('!'))).toString(), `${VALUE.slice(2, 12)}!`)
})
