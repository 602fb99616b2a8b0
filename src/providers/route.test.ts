import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError, isLocketError, LocketError } from '../core/errors.ts'
import { createRef } from '../core/ref.ts'
import { field, section } from '../settings/field.ts'
import { CredentialText } from '../settings/kinds.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'
import { PROVIDERS } from './index.ts'
import { createInstance } from './instance.ts'
import { LATER } from './later.ts'
import { chooseKind, routeReferences } from './route.ts'

const TOKEN = { kind: 'file', path: '/t' }

/** A provider that takes `SCHEME://good`, refuses `SCHEME://` and, as a bare reference, `bare`. */
function fake(
  kind: string,
  scheme: string,
  settings: Readonly<Record<string, unknown>> = {},
): ProviderInstance {
  const def: ProviderDef = {
    kind,
    title: kind,
    aliases: [`${kind}-alias`],
    schemes: [scheme],
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
    check: (given) => (Reflect.get(given, 'token') === undefined ? [`${kind}-token is not set`] : []),
    open: () => {
      throw new Error('parsing opens nothing')
    },
  }
  return createInstance(def, settings)
}

function outcome(text: string, instances: readonly ProviderInstance[], chosen?: string): string {
  try {
    return routeReferences(instances, chosen)(text)?.provider ?? 'text'
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    return `${thrown.code}: ${formatError(thrown)}`
  }
}

test('a scheme that one provider has goes to it, whatever is chosen', () => {
  const instances = [fake('one', 'a', { token: TOKEN }), fake('two', 'b', { token: TOKEN })]
  assert.equal(outcome('a://good', instances), 'one')
  assert.equal(outcome('b://good', instances, 'one'), 'two')
  assert.equal(outcome('a://other', instances), 'text')
  assert.equal(outcome('a://', instances), 'ref_syntax: malformed')
  assert.equal(outcome('c://good', instances), 'text')
})

test('a scheme that two share goes to the chosen one, else to the one with a credential', () => {
  const bare = [fake('one', 'a'), fake('two', 'a')]
  const second = [fake('one', 'a'), fake('two', 'a', { token: TOKEN })]
  const both = [fake('one', 'a', { token: TOKEN }), fake('two', 'a', { token: TOKEN })]
  assert.equal(outcome('a://good', second), 'two')
  assert.equal(outcome('a://good', both, 'one'), 'one')
  assert.equal(outcome('a://good', both, 'two'), 'two')
  assert.match(outcome('a://good', second, 'one'), /^config: a:\/\/good needs one: one-token is not set$/)
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
  assert.equal(outcome('bare', instances, 'two'), 'config: bare needs two: two-token is not set')
})

test('every scheme of a later version is refused by name, until a provider has it', () => {
  for (const { schemes } of LATER) {
    for (const scheme of schemes) {
      assert.match(
        outcome(`${scheme}://x`, []),
        new RegExp(`^ref_syntax: ${scheme}://.*this version of locket has no provider`),
      )
      assert.equal(outcome(`${scheme}://good`, [fake('new', scheme, { token: TOKEN })]), 'new')
      assert.equal(outcome(scheme, []), 'text')
    }
  }
})

test('no provider is both here and of a later version', () => {
  const names = PROVIDERS.flatMap((def) => [def.kind, ...(def.aliases ?? [])])
  assert.deepEqual(
    LATER.filter((row) => [row.kind, ...(row.aliases ?? [])].some((name) => names.includes(name))),
    [],
  )
})

test('provider is a kind or its alias', () => {
  const defs = [fake('one', 'a').def, fake('two', 'b').def]
  assert.equal(chooseKind(defs, 'two'), 'two')
  assert.equal(chooseKind(defs, 'one-alias'), 'one')
  assert.throws(() => chooseKind(defs, 'tow'), {
    code: 'config',
    message: 'must be one of one, two, did you mean two?',
  })
  assert.throws(() => chooseKind(defs, 'vault'), {
    code: 'config',
    message: /no provider for OpenBao and Vault, it has one, two$/,
  })
})
