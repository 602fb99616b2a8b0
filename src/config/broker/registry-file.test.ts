import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRegistryFile } from './registry-file.ts'

const PEM = (bytes: Uint8Array): string =>
  JSON.stringify(
    `-----BEGIN ED25519 PUBLIC KEY-----\n${Buffer.from(bytes).toString('base64')}\n-----END ED25519 PUBLIC KEY-----\n`,
  )
const KEY = Buffer.from('f2b445fa3774554bb7e9d56c2b1f5a02f09118aaa69b3075ecd34d9ad009a8d0', 'hex')
const OTHER = Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex')

function faultsOf(text: string): readonly string[] {
  return readRegistryFile('registry.yml', text).faults
}

test('a row has a name, a key and perhaps addresses', () => {
  const text = `- name: api\n  keypub: ${PEM(KEY)}\n- name: api\n  keypub: ${PEM(OTHER)}\n  addresses: [10.0.0.5, "fd00::/8"]\n`
  const { clients, faults } = readRegistryFile('registry.yml', text)
  assert.deepEqual(faults, [])
  assert.deepEqual(
    clients.map(({ service, cidrs }) => [service, cidrs]),
    [
      ['api', []],
      ['api', ['10.0.0.5/32', 'fd00::/8']],
    ],
  )
  assert.deepEqual(Buffer.from(clients[0]?.key ?? []), KEY)
})

test('each mistake costs its row and is named, without the text of the row', () => {
  const rows: readonly (readonly [row: string, fault: RegExp])[] = [
    ['- text', /^row 1: it is not a mapping$/],
    [`- keypub: ${PEM(KEY)}`, /^row 1: name must be/],
    [`- name: a/b\n  keypub: ${PEM(KEY)}`, /^row 1: name must be/],
    ['- name: api', /^row 1 \(api\): keypub is missing$/],
    ['- name: api\n  keypub: canary', /^row 1 \(api\): keypub must be a PEM block/],
    [`- name: api\n  keypub: ${PEM(KEY.subarray(1))}`, /keypub has 31 bytes/],
    [`- name: api\n  keypub: ${PEM(Buffer.alloc(32))}`, /small order/],
    [`- name: api\n  keypub: ${PEM(Buffer.from(`01${'00'.repeat(30)}80`, 'hex'))}`, /small order/],
    [`- name: api\n  keypub: ${PEM(KEY)}\n  addresses: []`, /addresses must be a list/],
    [`- name: api\n  keypub: ${PEM(KEY)}\n  addresses: [10.0.0.300]`, /addresses must be a list/],
    [`- name: api\n  keypub: ${PEM(KEY)}\n  addresses:`, /addresses must be a list/],
    [`- name: api\n  keypub: ${PEM(KEY)}\n  adresses: [10.0.0.5]`, /"adresses" is not known/],
  ]
  for (const [row, fault] of rows) {
    const text = `${row}\n- name: good\n  keypub: ${PEM(OTHER)}\n`
    const read = readRegistryFile('registry.yml', text)
    assert.deepEqual(
      read.clients.map(({ service }) => service),
      ['good'],
      row,
    )
    assert.equal(read.faults.length, 1, row)
    assert.match(read.faults[0] ?? '', fault)
    assert.doesNotMatch(read.faults[0] ?? '', /canary/)
  }
  const twice = `- name: a\n  keypub: ${PEM(KEY)}\n- name: b\n  keypub: ${PEM(KEY)}\n`
  assert.deepEqual(faultsOf(twice), ['row 2 (b): an earlier row has this keypub'])
})

test('a text that is not a list of rows, or too long, is an error', () => {
  for (const text of ['name: api', '- [', 'a: &a [*a, *a]\n', '*x'])
    assert.throws(() => readRegistryFile('registry.yml', text), { code: 'config' }, text)
  assert.throws(() => readRegistryFile('registry.yml', '- a\n'.repeat(101)), /more than 100 rows/)
  assert.deepEqual(readRegistryFile('registry.yml', '# nobody yet\n'), { clients: [], faults: [] })
})
