import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { credentialVariables } from '../../../src/config/entries/child-environment.ts'
import { env } from '../../../src/providers/env/env.ts'
import { CANARY, codesOf, open, parsed, textsOf } from '../provider/provider-attempt.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'
import { providerContract } from '../provider/provider-contract.ts'

const NO_CREDENTIAL = 'the environment needs no credential'
const NO_SERVER = 'the environment of the process: there is no server'
const TOKEN = 'canary-own-token-31f0'

const subject: ProviderSubject = {
  def: env,
  start: async () => environment().backend,
  foreign: ['env', 'env:', 'env:NAME', 'NAME', 'envs://NAME', 'x env://NAME', 'dotenv://NAME', '$NAME'],
  malformed: [
    'env://',
    'env:///NAME',
    'env://1A',
    'env://A/B',
    'env://A B',
    'env://A?b=c',
    'env://A%42',
    'env://A\nB',
    'env://\u00c4',
    'env:/A',
    'ENV://A',
  ],
  spellings: [['env://A'], ['env://a'], ['env://A_B'], ['env://A.B']],
  required: ['env-provider'],
  noAll: { text: 'env://*', says: /every variable of locket's own environment/ },
  textOnly: 'variables are text',
  lacks: {
    badCredential: NO_CREDENTIAL,
    lateCredential: NO_CREDENTIAL,
    rotateCredential: NO_CREDENTIAL,
    expire: NO_CREDENTIAL,
    throttle: NO_SERVER,
    fail: NO_SERVER,
    failNext: NO_SERVER,
    drop: NO_SERVER,
    refuse: NO_SERVER,
    hang: NO_SERVER,
    slow: NO_SERVER,
    limit: NO_SERVER,
    gauge: NO_SERVER,
  },
}

providerContract(subject)

test('attack: a name of a locket credential is denied, set or not, and affects no other', async (t) => {
  const { backend, variables } = environment()
  Object.assign(variables, { OP_CONNECT_TOKEN: TOKEN, APP_PASSWORD: CANARY })
  const opened = await attempt(t, backend)
  const hidden = [...credentialVariables()]
  assert.ok(hidden.includes('OP_CONNECT_TOKEN') && hidden.includes('OP_CONNECT_TOKEN_FILE'))
  const refs = [...hidden, 'APP_PASSWORD'].map((name) => parsed(subject, `env://${name}`))
  assert.deepEqual(await codesOf(opened, refs), [...hidden.map(() => 'denied'), 'ok'])
})

test('attack: a property of every object is not a variable', async (t) => {
  const opened = await attempt(t, environment().backend)
  const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty']
  const refs = names.map((name) => parsed(subject, `env://${name}`))
  assert.deepEqual(
    await codesOf(opened, refs),
    names.map(() => 'not_found'),
  )
})

test('a value is used unchanged: no template, no reference', async (t) => {
  const { backend, variables } = environment()
  variables['LINK'] = '{{ env://OP_CONNECT_TOKEN }} $OP_CONNECT_TOKEN'
  const opened = await attempt(t, backend)
  assert.deepEqual(await textsOf(opened, [parsed(subject, 'env://LINK')]), [variables['LINK']])
})

async function attempt(t: TestContext, backend: Backend) {
  const opened = await open(subject, backend)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return opened
}

/** An environment of the test's own, with locket's own token in it. */
function environment(): { readonly backend: Backend; readonly variables: Record<string, string> } {
  const variables: Record<string, string> = { OP_CONNECT_TOKEN: TOKEN }
  const hiddenNames = new Set(credentialVariables())
  const backend: Backend = {
    settings: { isOn: 'true' },
    async put(name, value) {
      variables[`CONTRACT_${name}`] = new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)
      return `env://CONTRACT_${name}`
    },
    missing: 'env://CONTRACT_NOWHERE',
    canaries: [TOKEN],
    knobs: {
      forbid: async (reference) => void hiddenNames.add(reference.slice('env://'.length)),
    },
    deps: { env: variables, hiddenNames },
  }
  return { backend, variables }
}
