import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { callProvider, MESSAGES_OF_5_6 } from '../fixtures/compose/caller.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { environmentWorld } from './environment-command.ts'

const CANARY = 'canary-announced-7d21'
const OTHER = 'canary-announced-other-90'

type Call = Parameters<typeof callProvider>[0]

async function world(t: TestContext) {
  const { folder, program, env, store } = await environmentWorld(t)
  await store('db/password', CANARY)
  return (call: Pick<Call, 'options' | 'messages' | 'answer' | 'onMessage'> & Partial<Call['service']>) => {
    const { environment, name = 'locket', ...rest } = call
    const service = environment === undefined ? { name } : { name, environment }
    return callProvider({ program, cwd: folder, env, service, ...rest })
  }
}

test('variables of environment: are templates; those without a value are left out', async (t) => {
  const up = await world(t)
  const { code, variables, infos, error, asked } = await up({
    environment: {
      DB_PASSWORD: '{{ local://db/password }}',
      BARE: 'local://db/password',
      FILE: 'first {{ local://db/password }}\n$HOME $$ "x"\n',
      PLAIN: '@handle,C=d',
      EMPTY: '',
      UNSET: null,
      'with.dot': '1',
    },
  })
  assert.deepEqual([code, error, asked], [0, undefined, 1])
  assert.deepEqual(variables, {
    LOCKET_DB_PASSWORD: CANARY,
    LOCKET_BARE: CANARY,
    LOCKET_FILE: `first ${CANARY}\n$HOME $$ "x"\n`,
    LOCKET_PLAIN: '@handle,C=d',
    LOCKET_EMPTY: '',
    'LOCKET_with.dot': '1',
  })
  assert.deepEqual(infos, ['all variables have a value count=6'])
})

test('an option replaces a variable of environment:', async (t) => {
  const up = await world(t)
  const { variables } = await up({
    environment: { A: 'of environment', B: '{{ local://no/such }}' },
    options: ['--secrets=B={{ local://db/password }}', '--env=C=1'],
  })
  assert.deepEqual(variables, { LOCKET_A: 'of environment', LOCKET_B: CANARY, LOCKET_C: '1' })
})

test('a reference of environment: that fails sets nothing and is named', async (t) => {
  const up = await world(t)
  const {
    code,
    variables,
    error = '',
  } = await up({
    environment: { A: '{{ local://db/password }}', B: '{{ local://no/such }}', C: 'x{{ local:/ }}' },
  })
  assert.notEqual(code, 0)
  assert.deepEqual(variables, {})
  assert.match(error, /environment C/)
  const missing = await up({ environment: { A: '{{ local://db/password }}', B: '{{ local://no/such }}' } })
  assert.match(missing.error ?? '', /local:\/\/no\/such/)
  assertNoSecret(error + (missing.error ?? ''), [CANARY])
})

for (const [what, environment, text] of [
  [
    'no variable',
    undefined,
    /^service locket has no variable to set: give it environment: or the option env,/,
  ],
  ['only unset ones', { A: null }, /^service locket has no variable to set/],
  ['a name that is not valid', { '1A': OTHER }, /^environment: 1A is not a valid name for a variable/],
  ['a credential of locket', { OP_CONNECT_TOKEN: OTHER }, /^environment: OP_CONNECT_TOKEN is a credential/],
] as const) {
  test(`environment: with ${what} is an error`, async (t) => {
    const up = await world(t)
    const { code, error = '' } = await up(environment === undefined ? {} : { environment })
    assert.notEqual(code, 0)
    assert.match(error, text)
    assertNoSecret(error, [OTHER])
  })
}

test('a credential of locket may be a variable of containers when its value is a reference', async (t) => {
  const up = await world(t)
  const { variables } = await up({ environment: { BAO_TOKEN: '{{ local://db/password }}' } })
  assert.deepEqual(variables, { LOCKET_BAO_TOKEN: CANARY })
})

const encode = (text: string) => new TextEncoder().encode(text)
for (const [what, answer, text] of [
  ['nothing and the end', 'end', /announced get-service-config and closed standard input without a whole/],
  [
    'another text',
    encode(`${OTHER}\n`),
    /^Docker Compose answered get-service-config with a line that is not/,
  ],
  ['a list', encode(`["${OTHER}"]\n`), /with an answer without a service$/],
  ['a number for a value', encode(`{"environment":{"A":5,"B":"${OTHER}"}}\n`), /without a service$/],
  ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22, 10]), /with a line that is not JSON$/],
  ['too many levels', encode(`${'['.repeat(65)}${']'.repeat(65)}\n`), /nested deeper than 64 levels$/],
  ['too many values', encode(`[${'0,'.repeat(50_001)}0]\n`), /with an answer of more than 50000 values$/],
  ['too many bytes', encode('x'.repeat(4 * 1024 * 1024 + 1)), /with more than 4194304 bytes$/],
] as const) {
  test(`a Compose that answers ${what} is named`, async (t) => {
    const up = await world(t)
    const { code, variables, error = '' } = await up({ options: ['--env=A=1'], answer })
    assert.notEqual(code, 0)
    assert.deepEqual(variables, {})
    assert.match(error, text)
    assertNoSecret(error, [OTHER])
  })
}

test('an answer of several megabytes arrives in pieces and is read', async (t) => {
  const up = await world(t)
  const long = 'x'.repeat(3 * 1024 * 1024)
  const { variables } = await up({ environment: { LONG: long, A: '{{ local://db/password }}' } })
  assert.deepEqual([variables['LOCKET_LONG']?.length, variables['LOCKET_A']], [long.length, CANARY])
})

test('a SIGTERM ends the wait for an answer', async (t) => {
  const up = await world(t)
  const { error } = await up({
    environment: { A: '1' },
    answer: 'silence',
    onMessage: (type, kill) => void (type === 'get-service-config' && kill('SIGTERM')),
  })
  assert.equal(error, 'stopped by SIGTERM')
})

test('a Compose that does not announce get-service-config is not asked', async (t) => {
  const up = await world(t)
  const messages = 'error,info,setenv,rawsetenv,debug'
  const given = await up({ environment: { A: '1' }, options: ['--env=B=2'], messages })
  assert.deepEqual([given.asked, given.variables], [0, { LOCKET_B: '2' }])
  const nothing = await up({ environment: { A: '1' }, messages })
  assert.match(
    nothing.error ?? '',
    /no variable to set: give it the option env, env_file or secrets \(the environment: of the service counts with Docker Compose 5\.6\.0 or newer\)$/,
  )
})

test('raw follows what Compose announces', async (t) => {
  const up = await world(t)
  const raw = { environment: { A: '1' }, options: ['--raw=true'], name: 'my-sec' }
  const { variables, infos } = await up(raw)
  assert.deepEqual(variables, { A: '1' })
  assert.deepEqual(infos, ['all variables have a value count=1'])
  const messages = MESSAGES_OF_5_6.replace('rawsetenv,', '')
  const refused = await up({ ...raw, messages })
  assert.match(
    refused.error ?? '',
    /^raw needs rawsetenv, which the calling Docker Compose does not announce/,
  )
})

test('two entries in one text are remarked on, and stay one value', async (t) => {
  const up = await world(t)
  const both = 'a={{ local://db/password }},b={{ local://db/password }}'
  const { variables, infos } = await up({
    options: [`--secrets=${both}`, '--env=COMMAS=a,b,C=d', '--env=BARE=local://db/password'],
  })
  assert.equal(variables['LOCKET_a'], `${CANARY},b=${CANARY}`)
  assert.equal(infos.length, 2, infos.join('\n'))
  assert.match(
    infos[0] ?? '',
    /^flag --secrets? a: a comma and another NAME=TEMPLATE follow, and are part of/,
  )
  assertNoSecret(infos.join('\n'), [CANARY])
})
