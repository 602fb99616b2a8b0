import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError, isLocketError, LocketError } from '../core/vocabulary/errors.ts'
import { createRef } from '../core/vocabulary/ref.ts'
import { field, section } from '../settings/field.ts'
import { CredentialText } from '../settings/kinds.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'
import { createInstance } from './instance.ts'
import { chooseKind, routeReferences } from './route.ts'

const VARIABLE = 'FAKE_TOKEN'
const TOKEN = { kind: 'file', path: '/t' }

/** A provider that takes `SCHEME://good`, refuses `SCHEME://` and, as a bare reference, `bare`. */
function fake(
  kind: string,
  scheme: string,
  settings: Readonly<Record<string, unknown>> = {},
  name: string = kind,
): ProviderInstance {
  const def: ProviderDef = {
    kind,
    title: kind,
    aliases: [`${kind}-alias`],
    schemes: [scheme],
    autoRefresh: 'never',
    example: `${scheme}://good`,
    settings: section(kind, kind, {
      token: field({
        name: `${kind}-token`,
        schema: CredentialText.optional(),
        summary: 'x',
        credential: true,
      }),
    }),
    parse(text, instance) {
      if (text === `${scheme}://`) throw new LocketError('ref_syntax', 'malformed')
      return text === `${scheme}://good` || text === 'bare' ? createRef(instance, text, text) : undefined
    },
    check: (given) =>
      Reflect.get(given, 'token') === undefined ? [`${kind}-token (${VARIABLE}) is not set`] : [],
    open: () => {
      throw new Error('parsing opens nothing')
    },
  }
  return createInstance(def, settings, name)
}

function outcome(text: string, instances: readonly ProviderInstance[], chosen?: string): string {
  try {
    return routeReferences(instances, chosen)(text)?.provider ?? 'text'
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    return `${thrown.code}: ${formatError(thrown)}`
  }
}

test('the only provider of a scheme gets its references, whichever provider is set', () => {
  const instances = [fake('one', 'a', { token: TOKEN }), fake('two', 'b', { token: TOKEN })]
  assert.equal(outcome('a://good', instances), 'one')
  assert.equal(outcome('b://good', instances, 'one'), 'two')
  assert.equal(outcome('a://other', instances), 'text')
  assert.equal(outcome('a://', instances), 'ref_syntax: malformed')
  assert.equal(outcome('c://good', instances), 'text')
})

test('a scheme of two providers goes to the chosen one, else to the one with a credential', () => {
  const bare = [fake('one', 'a'), fake('two', 'a')]
  const second = [fake('one', 'a'), fake('two', 'a', { token: TOKEN })]
  const both = [fake('one', 'a', { token: TOKEN }), fake('two', 'a', { token: TOKEN })]
  assert.equal(outcome('a://good', second), 'two')
  assert.equal(outcome('a://good', both, 'one'), 'one')
  assert.equal(outcome('a://good', both, 'two'), 'two')
  assert.match(
    outcome('a://good', second, 'one'),
    /^config: a:\/\/good needs one: one-token \(FAKE_TOKEN\) is not set$/,
  )
  assert.match(
    outcome('a://good', bare),
    /^config: a:\/\/ may mean one or two, and neither has a credential \(set provider/,
  )
  assert.match(
    outcome('a://good', both),
    /^config: a:\/\/ may mean one or two, and more than one has a credential/,
  )
  assert.equal(outcome('a://other', both), 'text')
  assert.equal(outcome('a://', both), 'ref_syntax: malformed')
})

test('a bare reference goes to the chosen provider alone', () => {
  const instances = [fake('one', 'a', { token: TOKEN }), fake('two', 'b')]
  assert.equal(outcome('bare', instances), 'text')
  assert.equal(outcome('bare', instances, 'one'), 'one')
  assert.equal(outcome('bare', instances, 'two'), 'config: bare needs two: two-token (FAKE_TOKEN) is not set')
})

test('a name before the scheme selects its instance, whichever provider is set', () => {
  const instances = [
    fake('one', 'a', { token: TOKEN }),
    fake('one', 'a', { token: TOKEN }, 'second'),
    fake('one', 'a', { token: TOKEN }, 'third'),
  ]
  assert.equal(outcome('second+a://good', instances), 'second')
  assert.equal(outcome('third+A://good', instances, 'second'), 'text')
  assert.equal(outcome('third+a://good', instances, 'one'), 'third')
  assert.equal(outcome('a://good', instances), 'one')
  const ref = routeReferences(instances, undefined)('second+a://good')
  assert.deepEqual([ref?.text, ref?.key, ref?.id], ['second+a://good', 'a://good', 'second:a://good'])
  assert.equal(outcome('second+a://other', instances), 'text')
  assert.equal(outcome('second+a://', instances), 'ref_syntax: malformed')
})

test('an unknown name, or one of another kind, is an error that quotes nothing else', () => {
  const bare = [fake('one', 'a', { token: TOKEN }), fake('two', 'b', { token: TOKEN })]
  const named = [...bare, fake('one', 'a', {}, 'second'), fake('two', 'b', {}, 'third')]
  const cases: [string, RegExp][] = [
    ['nosuch+a://pw', /no provider is named nosuch, named are second, third$/],
    ['secnd+b://pw', /no provider is named secnd, named are second, third, did you mean second\?$/],
    ['Second+a://pw', /named are second, third, did you mean second\?$/],
    ['x+second+a://pw', /no provider is named x\+second, /],
    ['+a://pw', /no provider is named , named are/],
    ['one+a://pw', /one is a kind and not a name, write a:\/\/$/],
    ['second+b://pw', /\(second is of the kind one: write second\+a:\/\/\)$/],
    ['second+mysql://u:pw@host', /^ref_syntax: second\+mysql:\/\/ is a reference that cannot be read \(/],
  ]
  for (const [text, expected] of cases) {
    const said = outcome(text, named)
    assert.match(said, /^ref_syntax: /)
    assert.match(said, expected)
    assert.doesNotMatch(said, /pw/)
  }
  assert.match(outcome('nosuch+a://x', bare), /no provider is named nosuch, no provider has a name: a table/)
  for (const text of [
    'x+unknown://y',
    'git+ssh://y',
    'second+a: b',
    'nosuch+a:b',
    'second',
    'second+',
    'a+b',
  ])
    assert.equal(outcome(text, named), 'text', text)
})

test('a named instance takes bare references and its scheme alone only when it is chosen', () => {
  const instances = [
    fake('one', 'a'),
    fake('two', 'a', { token: TOKEN }),
    fake('one', 'a', { token: TOKEN }, 'second'),
  ]
  assert.equal(outcome('a://good', instances), 'two')
  assert.equal(outcome('a://good', instances, 'second'), 'second')
  assert.equal(outcome('bare', instances, 'second'), 'second')
  assert.equal(outcome('bare', instances), 'text')
  assert.equal(outcome('a://', instances, 'second'), 'ref_syntax: malformed')
})

test('if no unnamed provider can answer, the named ones are listed', () => {
  const second = fake('one', 'a', { token: TOKEN }, 'second')
  const third = fake('two', 'a', { token: TOKEN }, 'third')
  assert.equal(
    outcome('a://good', [fake('one', 'a'), second]),
    'config: a://good needs one: one-token (FAKE_TOKEN) is not set (write second+a:// for second, or set provider)',
  )
  assert.equal(
    outcome('a://good', [fake('one', 'a'), fake('two', 'a'), second, third]),
    'config: a:// may mean one or two, and neither has a credential (set provider to one or two: one needs one-token, two needs two-token; ' +
      'write second+a:// or third+a:// for second and third, or set provider)',
  )
})

test('a missing setting of a named instance is reported without the name of a variable', () => {
  assert.equal(
    outcome('second+a://good', [fake('one', 'a', { token: TOKEN }), fake('one', 'a', {}, 'second')]),
    'config: second+a://good needs second: one-token is not set (in [providers.second] of the configuration file)',
  )
})

test('provider is a kind, its alias or a name', () => {
  const defs = [fake('one', 'a').def, fake('two', 'b').def]
  assert.equal(chooseKind(defs, 'two'), 'two')
  assert.equal(chooseKind(defs, 'one-alias'), 'one')
  assert.equal(chooseKind(defs, 'second', ['second']), 'second')
  assert.throws(() => chooseKind(defs, 'secnd', ['second']), {
    message: 'must be one of one, two, second, did you mean second?',
  })
  assert.throws(() => chooseKind(defs, 'tow'), {
    code: 'config',
    message: 'must be one of one, two, did you mean two?',
  })
})
