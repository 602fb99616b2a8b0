import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readIssuers } from '../../src/config/broker/issuers.ts'
import { openToml } from '../../src/config/layers/toml.ts'

function read(...texts: readonly string[]) {
  const problems: string[] = []
  const documents = texts.map((text, index) => openToml({ path: `/${index}.toml`, text }, [], problems))
  assert.deepEqual(problems, [])
  return readIssuers(documents)
}

const GOOD = 'url = "https://ci.example"\naudience = "https://broker.example"\n'

test('an issuer has defaults, and a table of a later file replaces one of an earlier', () => {
  const [first, ...others] = read(`[issuers.ci]\n${GOOD}`)
  assert.deepEqual(others, [])
  assert.deepEqual(first, {
    name: 'ci',
    url: 'https://ci.example',
    audience: ['https://broker.example'],
    algorithms: ['RS256', 'ES256'],
    caCert: undefined,
    sessionMs: undefined,
  })
  const more = 'algorithms = ["EdDSA"]\nkeys = "/etc/keys.json"\nca-cert = "/etc/ca.pem"\nsession = "15m"\n'
  const [replaced] = read(`[issuers.ci]\n${GOOD}`, `[issuers.ci]\n${GOOD}${more}`)
  assert.deepEqual(
    [replaced?.algorithms, replaced?.keys, replaced?.caCert, replaced?.sessionMs],
    [['EdDSA'], '/etc/keys.json', '/etc/ca.pem', 900_000],
  )
})

test('each mistake in an issuer is named with its line', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      '[issuers.ci]\nurl = "http://ci.example"\naudience = "a"',
      /0\.toml line 2: \[issuers\.ci\] url: must be https/,
    ],
    ['[issuers.ci]\nurl = "https://u@ci.example"\naudience = "a"', /url: must be https/],
    ['[issuers.ci]\nurl = "https://:canary@ci.example"\naudience = "a"', /url: must be https/],
    ['[issuers.ci]\nurl = "https://ci.example"', /audience/],
    [`[issuers.ci]\n${GOOD}algorithms = ["HS256"]`, /line 4: .*algorithms/],
    [`[issuers.ci]\n${GOOD}algorithms = ["none"]`, /algorithms/],
    [`[issuers.ci]\n${GOOD}algorithms = []`, /algorithms/],
    [`[issuers.ci]\n${GOOD}session = "30s"`, /session: must be a duration from 1m to 24h/],
    [`[issuers.ci]\n${GOOD}session = "soon"`, /session: must be a duration/],
    [`[issuers.ci]\n${GOOD}keys = "http://ci.example/keys"`, /keys/],
    [`[issuers.ci]\n${GOOD}jwks = "x"`, /unknown setting: it has url, audience, algorithms, keys/],
    [`[issuers.CI]\n${GOOD}`, /"CI" is not the name of an issuer/],
    ['[issuers]\nci = 1', /ci must be a table/],
  ]
  for (const [text, says] of rows) assert.throws(() => read(text), says, text)
})
