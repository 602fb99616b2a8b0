import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, integer, property, string } from 'fast-check'
import { packFields } from '../vocabulary/fields.ts'
import { Secret } from '../vocabulary/secret.ts'
import { isWithin, parseCidr } from './addresses.ts'
import { writeAnswers } from './answer-body.ts'
import { createMeter } from '../waiting/meter.ts'
import { formatPlace, parseCanonicalPlace, parsePlace } from './place.ts'
import { createMachineId, createNonce, createToken, isSameToken, tokenHash } from './tokens.ts'

test('a place is a project, a name, and a field or all fields', () => {
  assert.deepEqual(parsePlace('shop/db'), { project: 'shop', name: 'db' })
  assert.deepEqual(parsePlace('shop/db/a%20b%2Fc'), { project: 'shop', name: 'db', field: 'a b/c' })
  assert.deepEqual(parsePlace('shop/db/*'), { project: 'shop', name: 'db', isAll: true })
  assert.deepEqual(parsePlace('shop/db/%2A'), { project: 'shop', name: 'db', field: '*' })
  for (const text of [
    '',
    'shop',
    'shop/',
    '/db',
    'shop/db/',
    'shop/db/a/b',
    '../db',
    'shop/*',
    'a b/c',
    'a/b/%',
    'a/b/\ud800',
  ])
    assert.equal(parsePlace(text), undefined, text)
})

test('a place has one canonical form', () => {
  for (const text of ['shop/db', 'shop/db/*', 'shop/db/%2A', 'shop/db/a%20b'])
    assert.notEqual(parseCanonicalPlace(text), undefined, text)
  for (const text of ['shop/db/%61', 'shop/db/a b', 'shop/db/%2a', 'shop/db/\ud800'])
    assert.equal(parseCanonicalPlace(text), undefined, text)
})

test('every place is read as it was written', () => {
  holds(
    property(string({ minLength: 1, unit: 'grapheme' }), (field) => {
      const place = { project: 'p', name: 'n', field }
      if (formatPlace(place).length < 500) assert.deepEqual(parsePlace(formatPlace(place)), place)
    }),
  )
})

test('an address is compared with networks of both families', () => {
  const rows: readonly (readonly [string, readonly string[], boolean])[] = [
    ['10.1.2.3', [], true],
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8', '192.168.0.0/16'], false],
    ['192.168.3.4', ['10.0.0.0/8', '192.168.0.0/16'], true],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['fd00::1', ['fd00::/8'], true],
    ['fe80::1', ['fd00::/8'], false],
    ['', ['0.0.0.0/0'], false],
    ['10.1.2.3', ['10.0.0.0/8', 'nonsense'], false],
  ]
  for (const [address, cidrs, expected] of rows)
    assert.equal(isWithin(address, cidrs), expected, `${address} ${cidrs.join()}`)
  assert.equal(parseCidr('FD00::/8'), 'fd00::/8')
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/08',
    '1.2.3.4/5/6',
  ])
    assert.equal(parseCidr(text), undefined, text)
})

test('a meter lets a burst go, then the rate, and each caller has its own', () => {
  const meter = createMeter({ count: 2, perMs: 1000, most: 2 })
  assert.deepEqual([meter.take('a', 0), meter.take('a', 0), meter.take('a', 0)], [0, 0, 500])
  assert.equal(meter.take('b', 0), 0)
  assert.deepEqual([meter.peek('a', 499), meter.peek('a', 500), meter.take('a', 500)], [1, 0, 0])
  assert.equal(meter.take('a', 500), 500)
  meter.take('c', 500)
  assert.equal(meter.take('a', 500), 0, 'the first of three callers is forgotten')
})

test('a meter never lets more go than its rate allows', () => {
  holds(
    property(integer({ min: 1, max: 20 }), integer({ min: 1, max: 400 }), (count, stepMs) => {
      const meter = createMeter({ count, perMs: 1000, most: 5 })
      let went = 0
      for (let now = 0; now < 5000; now += stepMs) if (meter.take('a', now) === 0) went += 1
      assert.ok(went <= count + 5 * count)
    }),
  )
})

test('ids and tokens are new each time, and equal tokens are equal', () => {
  assert.match(createMachineId(), /^m_[a-z2-7]{26}$/)
  assert.match(createNonce(), /^[A-Za-z0-9_-]{22}$/)
  assert.match(createToken('le'), /^le_[a-z2-7]{26}$/)
  assert.notEqual(createToken('le'), createToken('le'))
  assert.notEqual(tokenHash('a'), tokenHash('b'))
  assert.ok(isSameToken('a', 'a') && !isSameToken('a', 'b') && !isSameToken('', 'a'))
})

test('answers are JSON with values in base64, and fields as pairs', () => {
  const packed = packFields([
    ['__proto__', Secret.fromText('x')],
    ['b', Secret.fromText('')],
  ])
  const body = writeAnswers(
    new Map([
      ['shop/db', { kind: 'value', value: Secret.fromText('pä'), isPacked: false, version: 'v' }],
      ['shop/all/*', { kind: 'value', value: packed, isPacked: true, version: 'w', expiresAt: 7 }],
      ['shop/same', { kind: 'unchanged', version: 'u' }],
      ['shop/no', { kind: 'error', code: 'denied' }],
    ]),
    'e.1',
  )
  assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), {
    cursor: 'e.1',
    answers: {
      'shop/db': { value: 'cMOk', version: 'v' },
      'shop/all/*': {
        fields: [
          ['__proto__', 'eA=='],
          ['b', ''],
        ],
        version: 'w',
        expiresAt: 7,
      },
      'shop/same': { unchanged: true, version: 'u' },
      'shop/no': { error: 'denied' },
    },
  })
})
