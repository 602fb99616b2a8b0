import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CANARY, codesOf, open, prepared } from './provider-attempt.ts'
import type { ProviderSubject } from './provider-backend.ts'
import { withKnob } from './with-knob.ts'

/** Logins, and what is counted of requests. */
export function sessions(subject: ProviderSubject): void {
  withKnob(subject, 'gauge', 'callers at the same time share one login', async (backend, refs, knob) => {
    await using opened = await open(subject, backend)
    const answers = await Promise.all(Array.from({ length: 10 }, () => codesOf(opened, refs)))
    assert.deepEqual(new Set(answers.flat()), new Set(['ok']))
    assert.ok(knob().logins <= 1, `${knob().logins} logins`)
  })

  withKnob(
    subject,
    'expire',
    'a token that has expired is renewed once for all callers',
    async (backend, refs, knob) => {
      await using opened = await open(subject, backend)
      assert.deepEqual(await codesOf(opened, refs), ['ok', 'ok'])
      knob()
      const answers = await Promise.all(Array.from({ length: 10 }, () => codesOf(opened, refs)))
      assert.deepEqual(new Set(answers.flat()), new Set(['ok']))
      assert.equal(backend.knobs.gauge?.().logins, 2)
    },
  )

  withKnob(
    subject,
    'badCredential',
    'a credential that was refused is not asked about again within the minute',
    async (backend, refs, knob) => {
      await using opened = await open(subject, backend, await knob())
      assert.deepEqual(await codesOf(opened, refs), ['auth', 'auth'])
      const asked = backend.knobs.gauge?.().requests
      assert.deepEqual(await codesOf(opened, refs), ['auth', 'auth'])
      assert.equal(backend.knobs.gauge?.().requests, asked)
    },
  )

  test('a probe tells whether the credential works', async (t) => {
    const opened = await prepared(t, subject, { a: CANARY })
    const { backend } = opened
    await opened.client.probe(AbortSignal.timeout(5000))
    const bad = await backend.knobs.badCredential?.()
    if (bad === undefined) return
    await using other = await open(subject, backend, bad)
    await assert.rejects(other.client.probe(AbortSignal.timeout(5000)), { code: 'auth' })
  })

  test('requests are counted', async (t) => {
    const opened = await prepared(t, subject, { a: CANARY })
    assert.deepEqual(await codesOf(opened, opened.refs), ['ok'])
    const seen = opened.backend.knobs.gauge?.().requests
    assert.equal(opened.client.status()?.requestsLastHour, seen)
  })
}
