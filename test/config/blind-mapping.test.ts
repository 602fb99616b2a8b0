import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { readMapping } from '../../src/config/mapping/mapping.ts'

function mapped(lines: string) {
  const problems: string[] = []
  const file = { path: '/app/locket.toml', text: `[secrets]\n${lines}\n` }
  const { blind, entries } = readMapping([file], {}, TABLES, problems)
  return { blind, problems, names: entries.map(({ name }) => name) }
}

test('a variable is bound to hosts, methods, paths and places', () => {
  const { blind, problems } = mapped(`
A = { ref = "op://v/i/f", blind = { hosts = ["API.example", "*.api.example:8443"], header = "X-Api-Key" } }
B = { provider = "local", ref = "b", blind = { hosts = "h.example", methods = ["get"], paths = "/v1/*", basic = true, query = ["key"], body = true, prefix = "ghp_", length = 40 } }
C = { ref = "{{ local://c | trim }}", blind = false }
D = "local://d"
`)
  assert.deepEqual(problems, [])
  assert.deepEqual(blind.get('A'), {
    binding: {
      hosts: [
        { host: 'api.example', port: 443, isBelow: false },
        { host: 'api.example', port: 8443, isBelow: true },
      ],
      methods: undefined,
      paths: undefined,
      places: [{ kind: 'header', name: 'x-api-key' }],
    },
    format: undefined,
  })
  assert.deepEqual(blind.get('B'), {
    binding: {
      hosts: [{ host: 'h.example', port: 443, isBelow: false }],
      methods: ['GET'],
      paths: ['/v1/*'],
      places: [{ kind: 'basic' }, { kind: 'query', name: 'key' }, { kind: 'body' }],
    },
    format: { prefix: 'ghp_', length: 40 },
  })
  assert.equal(blind.get('C'), 'visible')
  assert.equal(blind.get('D'), undefined)
})

const WRONG: readonly (readonly [blind: string, says: RegExp])[] = [
  ['true', /blind is a table/],
  ['{ header = "a" }', /blind needs hosts/],
  ['{ hosts = ["a.example"] }', /blind needs a place/],
  ['{ hosts = ["*"], header = "a" }', /a host of blind is a name/],
  ['{ hosts = ["https://a.example"], header = "a" }', /a host of blind is a name/],
  ['{ hosts = ["127.1"], header = "a" }', /a host of blind is a name/],
  ['{ hosts = ["a.example"], header = "Host" }', /the name of a header that the proxy passes on/],
  ['{ hosts = ["a.example"], header = "a b" }', /the name of a header/],
  ['{ hosts = ["a.example"], header = "a", methods = ["G T"] }', /a method of blind/],
  ['{ hosts = ["a.example"], header = "a", paths = ["v1"] }', /a path of blind begins with/],
  ['{ hosts = ["a.example"], basic = "yes" }', /blind.basic is true or false/],
  ['{ hosts = ["a.example"], query = [] }', /blind.query is a text or a list of texts/],
  ['{ hosts = ["a.example"], header = "a", host = "b" }', /blind has the keys hosts, /],
  ['{ hosts = ["a.example"], header = "a", prefix = "x" }', /blind.length is the number/],
  ['{ hosts = ["a.example"], header = "a", prefix = "x", length = 20 }', /leaves at least 22 characters/],
]

test('each mistake in a binding is reported, and nothing is bound then', () => {
  for (const [blind, says] of WRONG) {
    const { problems, names } = mapped(`A = { ref = "op://v/i/f", blind = ${blind} }`)
    assert.equal(problems.length, 1, blind)
    assert.match(problems[0] ?? '', says)
    assert.match(problems[0] ?? '', /^\/app\/locket.toml line 2 A: /)
    assert.deepEqual(names, [])
  }
})
