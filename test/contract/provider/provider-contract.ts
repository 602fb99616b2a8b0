import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import type { ErrorCode } from '../../../src/core/vocabulary/errors.ts'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import { allFields } from './provider-all.ts'
import {
  CANARY,
  bytesOf,
  codesOf,
  fetched,
  open,
  parsed,
  prepared,
  settingsOf,
  stored,
  textsOf,
  within,
} from './provider-attempt.ts'
import type { Backend, Knobs, ProviderSubject } from './provider-backend.ts'
import { parsing } from './provider-parsing.ts'
import { sessions } from './provider-sessions.ts'
import { withKnob } from './with-knob.ts'

const KNOBS = [
  'badCredential',
  'lateCredential',
  'rotateCredential',
  'forbid',
  'throttle',
  'fail',
  'failNext',
  'expire',
  'drop',
  'refuse',
  'hang',
  'slow',
  'limit',
  'gauge',
] as const satisfies readonly (keyof Knobs)[]

/** Tests that every provider must pass, with a real service or file. */
export function providerContract(subject: ProviderSubject): void {
  describe(`provider ${subject.def.kind}`, () => {
    parsing(subject)
    fetching(subject)
    allFields(subject)
    credentials(subject)
    sessions(subject)
    failing(subject)
    ending(subject)
    test('knobs that do not apply to this kind have a reason', async (t) => {
      const { knobs } = await subject.start(t)
      for (const name of KNOBS) {
        const reason = subject.lacks[name]
        assert.notEqual(knobs[name] === undefined, reason === undefined, `${name}: either a knob or a reason`)
        if (reason !== undefined) t.diagnostic(`${subject.def.kind} lacks ${name}: ${reason}`)
      }
      t.diagnostic(`${subject.def.kind} lacks ${Object.keys(subject.lacks).length} of ${KNOBS.length} knobs`)
    })
  })
}

function fetching(subject: ProviderSubject): void {
  test('answers each distinct reference once, and asks once', async (t) => {
    const opened = await prepared(t, subject, { a: `${CANARY}-a`, b: `${CANARY}-b` })
    const { refs, backend } = opened
    assert.deepEqual(subject.def.check(settingsOf(subject, backend.settings)), [])
    const requests = () => backend.knobs.gauge?.().requests ?? 0
    assert.deepEqual(await textsOf(opened, refs), [`${CANARY}-a`, `${CANARY}-b`])
    const asked = requests()
    assert.deepEqual(await textsOf(opened, [...refs, ...refs]), [
      `${CANARY}-a`,
      `${CANARY}-b`,
      `${CANARY}-a`,
      `${CANARY}-b`,
    ])
    assert.ok(requests() - asked <= asked, `${requests() - asked} requests with duplicates, ${asked} without`)
  })

  test('a missing secret is not_found and spoils no other', async (t) => {
    const opened = await prepared(t, subject, { a: `${CANARY}-a` })
    const missing = parsed(subject, opened.backend.missing)
    assert.deepEqual(await codesOf(opened, [missing, ...opened.refs]), ['not_found', 'ok'])
    assert.deepEqual(await textsOf(opened, opened.refs), [`${CANARY}-a`])
  })

  test('an empty value is a value', async (t) => {
    const opened = await prepared(t, subject, { empty: '' })
    assert.deepEqual(await textsOf(opened, opened.refs), [''])
  })

  test('the version that the provider tells comes with the value', async (t) => {
    const opened = await prepared(t, subject, { a: CANARY })
    const outcome = (await fetched(opened, opened.refs)).get(opened.refs[0]?.id ?? ('' as never))
    assert.ok(outcome?.ok === true)
    assert.equal(outcome.secret.version, subject.firstVersion)
  })

  test('values come out byte for byte: binary, many lines, 1 MB', async (t) => {
    const binary = Uint8Array.from({ length: 512 }, (_, index) => index % 256)
    const values: Record<string, string | Uint8Array> = {
      ...(subject.textOnly === undefined ? { binary } : {}),
      lines: `${CANARY}\n\tsecond\r\nthird\n\n`,
      words: ` ${CANARY} ünï "quoted" {{ braces }} \\ $x `,
      large: Buffer.alloc(1024 * 1024, `${CANARY}-large\n`),
    }
    const opened = await prepared(t, subject, values)
    const fetchedBytes = await bytesOf(opened, opened.refs)
    for (const [index, [name, value]] of Object.entries(values).entries()) {
      assert.ok(Buffer.from(value).equals(fetchedBytes[index] ?? assert.fail()), name)
    }
  })

  test('opening and asking for nothing does no input or output', async (t) => {
    const { backend, client } = await prepared(t, subject, {})
    assert.equal((await client.fetch([], AbortSignal.timeout(5000))).size, 0)
    assert.equal(backend.knobs.gauge?.().requests ?? 0, 0)
    await using blind = await open(subject, backend, (await backend.knobs.lateCredential?.())?.settings)
    assert.equal((await blind.client.fetch([], AbortSignal.timeout(5000))).size, 0)
  })
}

function credentials(subject: ProviderSubject): void {
  withKnob(
    subject,
    'badCredential',
    'a credential that nobody accepts is auth',
    async (backend, refs, knob) => {
      await using opened = await open(subject, backend, await knob())
      assert.deepEqual(await codesOf(opened, refs), ['auth', 'auth'])
    },
  )

  withKnob(
    subject,
    'lateCredential',
    'a credential file that is not there yet may still come',
    async (backend, refs, knob) => {
      const late = await knob()
      await using opened = await open(subject, backend, late.settings)
      assert.deepEqual(await codesOf(opened, refs), ['credential_missing', 'credential_missing'])
      for (const outcome of (await fetched(opened, refs)).values()) {
        assert.ok(!outcome.ok && outcome.error.message.includes(late.path))
      }
      await late.provide()
      assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
    },
  )

  withKnob(
    subject,
    'rotateCredential',
    'a rotated credential file is picked up',
    async (backend, refs, knob) => {
      await using opened = await open(subject, backend)
      assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
      await knob()
      assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
    },
  )

  withKnob(
    subject,
    'forbid',
    'what the credential may not read is denied, and spoils no other',
    async (backend, refs, knob) => {
      await using opened = await open(subject, backend)
      await knob(refs[0]?.text ?? '')
      assert.deepEqual(await codesOf(opened, refs), ['denied', 'ok'])
    },
  )
}

function failing(subject: ProviderSubject): void {
  const failsAs = async (backend: Backend, refs: readonly SecretRef[], code: ErrorCode) => {
    await using opened = await open(subject, backend)
    assert.deepEqual(await codesOf(opened, refs), [code, code])
  }
  withKnob(subject, 'throttle', 'too many requests is rate_limited', async (backend, refs, knob) => {
    knob()
    await failsAs(backend, refs, 'rate_limited')
  })
  for (const [status, code] of [
    [401, 'auth'],
    [403, 'denied'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ] as const) {
    withKnob(subject, 'fail', `status ${status} is ${code}`, async (backend, refs, knob) => {
      knob(status)
      await failsAs(backend, refs, code)
    })
  }
  withKnob(subject, 'failNext', 'what passes is tried again', async (backend, refs, knob) => {
    await using opened = await open(subject, backend)
    assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
    knob(2, 503)
    assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
  })
  withKnob(subject, 'fail', 'what does not pass is not tried again', async (backend, refs, knob) => {
    await using opened = await open(subject, backend)
    assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
    const before = backend.knobs.gauge?.().requests ?? 0
    assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
    const usual = (backend.knobs.gauge?.().requests ?? 0) - before
    knob(403)
    assert.deepEqual(await codesOf(opened, refs), ['denied', 'denied'])
    // A provider may look whether it is its token that is refused, or its names that have changed.
    assert.ok((backend.knobs.gauge?.().requests ?? 0) - before - usual <= 2 * usual + 2)
  })
  withKnob(subject, 'drop', 'an answer cut short is unavailable', async (backend, refs, knob) => {
    knob()
    await failsAs(backend, refs, 'unavailable')
  })
  withKnob(subject, 'refuse', 'a service that nobody runs is unavailable', async (backend, refs, knob) => {
    await knob()
    await failsAs(backend, refs, 'unavailable')
  })
  withKnob(subject, 'hang', 'the deadline is kept, and is timeout', async (backend, refs, knob) => {
    knob()
    await using opened = await open(subject, backend)
    const outcomes = fetched(opened, refs, AbortSignal.timeout(200))
    const codes = [...(await within(1200, outcomes)).values()].map(
      (outcome) => outcome.ok || outcome.error.code,
    )
    assert.deepEqual(codes, ['timeout', 'timeout'])
  })
  withKnob(subject, 'hang', 'an abort ends it within a second', async (backend, refs, knob) => {
    knob()
    await using opened = await open(subject, backend)
    const caller = new AbortController()
    const pending = codesOf(opened, refs, caller.signal)
    await sleep(50)
    caller.abort()
    assert.deepEqual(await within(1000, pending), ['aborted', 'aborted'])
  })
  withKnob(subject, 'gauge', 'a signal that is already aborted asks nothing', async (backend, refs, knob) => {
    await using opened = await open(subject, backend)
    assert.deepEqual(await within(1000, codesOf(opened, refs, AbortSignal.abort())), ['aborted', 'aborted'])
    assert.equal(knob().requests, 0)
  })
}

function ending(subject: ProviderSubject): void {
  withKnob(subject, 'limit', 'no more requests in flight than the setting says', async (backend, _, knob) => {
    const { slow, gauge } = backend.knobs
    const names = Array.from({ length: 9 }, (_unused, index) => [`n${index}`, CANARY])
    const refs = await stored(subject, backend, Object.fromEntries(names))
    slow?.(15)
    await using opened = await open(subject, backend, knob(2))
    const batches = await Promise.all([codesOf(opened, refs.slice(0, 5)), codesOf(opened, refs.slice(5))])
    assert.deepEqual(batches.flat(), Array(9).fill('ok'))
    assert.equal(gauge?.().maxInFlight, 2)
  })

  test('after dispose every answer is internal', async (t) => {
    const opened = await prepared(t, subject, { a: `${CANARY}-a`, b: `${CANARY}-b` })
    await opened.client[Symbol.asyncDispose]()
    await opened.client[Symbol.asyncDispose]()
    assert.deepEqual(await codesOf(opened, opened.refs), ['internal', 'internal'])
  })

  withKnob(
    subject,
    'gauge',
    'dispose closes sockets, idle and busy, and ends what waits',
    async (backend, refs, knob) => {
      const opened = await open(subject, backend)
      assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
      assert.ok(knob().openSockets > 0, 'connections are kept for the next request')
      backend.knobs.hang?.()
      const pending = codesOf(opened, refs)
      await sleep(50)
      await opened.client[Symbol.asyncDispose]()
      assert.deepEqual(await within(1000, pending), ['internal', 'internal'])
      await until('every socket is closed', () => knob().openSockets === 0)
    },
  )
}
