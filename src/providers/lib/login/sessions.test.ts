import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { createSessions } from './sessions.ts'

const forever = () => new AbortController().signal
const REFUSED = new LocketError('auth', 'x at http://x does not accept the credential (status 401)')

/** A service that knows one password at a time and gives out numbered tokens. */
function setup(options: { readonly lifetimeMs?: number; readonly isRenewable?: false } = {}) {
  const clock = createManualClock()
  const state = {
    written: 'good',
    accepted: 'good',
    logins: 0,
    valid: new Set<string>(),
    wiped: [] as string[],
  }
  const sessions = createSessions<string>({
    clock,
    readCredentials: async () => [Secret.fromText(state.written)],
    async login([credential]) {
      state.logins += 1
      await clock.sleep(10)
      if (Buffer.from(credential?.reveal() ?? []).toString() !== state.accepted) throw REFUSED
      const value = `token-${state.logins}`
      state.valid.add(value)
      return { value, lifetimeMs: options.lifetimeMs }
    },
    wipe: (value) => void state.wiped.push(value),
    ...(options.isRenewable === false ? { isRenewable: false } : {}),
  })
  const use = async (): Promise<string> => {
    const answer = sessions.use(forever(), async (token) => {
      if (!state.valid.has(token)) throw REFUSED
      return token
    })
    answer.catch(() => undefined)
    await clock.advance(50)
    return answer
  }
  return { clock, state, sessions, use }
}

test('one login serves everybody until a tenth of its life, at most a minute, is left', async () => {
  const { clock, state, use } = setup({ lifetimeMs: 3_600_000 })
  const tokens = await Promise.all([use(), use(), use()])
  assert.deepEqual(tokens, ['token-1', 'token-1', 'token-1'])
  await clock.advance(3_539_000)
  assert.equal(await use(), 'token-1')
  await clock.advance(2000)
  assert.equal(await use(), 'token-2')
  assert.deepEqual(state.wiped, ['token-1'])
  assert.equal(state.logins, 2)
})

test('a session without an end is kept', async () => {
  const { clock, use } = setup()
  await use()
  await clock.advance(10 * 86_400_000)
  assert.equal(await use(), 'token-1')
})

test('a refused token that has worked before is renewed once for all callers', async () => {
  const { state, use } = setup()
  await use()
  state.valid.clear()
  assert.deepEqual(await Promise.all([use(), use(), use()]), ['token-2', 'token-2', 'token-2'])
})

test('a refused credential is sent once a minute, another one at once', async () => {
  const { clock, state, use } = setup()
  state.written = 'bad'
  await assert.rejects(use(), { code: 'auth' })
  await assert.rejects(use(), {
    code: 'auth',
    message: `${REFUSED.message}; not asked again for 1m with this credential`,
  })
  assert.equal(state.logins, 1)
  state.written = 'good'
  assert.equal(await use(), 'token-2')
  state.written = 'bad'
  await clock.advance(60_000)
  await assert.rejects(use(), { code: 'auth' })
  assert.equal(state.logins, 3)
})

test('a login whose token never works is not repeated within the minute', async () => {
  const { clock, state, use, sessions } = setup()
  const refuse = () => sessions.use(forever(), () => Promise.reject(REFUSED))
  const first = refuse()
  first.catch(() => undefined)
  await clock.advance(50)
  await assert.rejects(first)
  await assert.rejects(refuse())
  await assert.rejects(use(), { code: 'auth' })
  assert.equal(state.logins, 1)
})

test('if the credential is the token, a refusal is final for a minute', async () => {
  const { state, use } = setup({ isRenewable: false })
  await use()
  state.valid.clear()
  await assert.rejects(use(), { code: 'auth' })
  await assert.rejects(use(), { code: 'auth' })
  assert.equal(state.logins, 1)
})

test('a new credential is used at once, and the old session is wiped after its last use', async () => {
  const { clock, state, sessions, use } = setup()
  await use()
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = sessions.use(forever(), () => promise)
  await clock.advance(0)
  state.written = state.accepted = 'newer'
  assert.equal(await use(), 'token-2')
  assert.deepEqual(state.wiped, [])
  resolve()
  await slow
  assert.deepEqual(state.wiped, ['token-1'])
})
