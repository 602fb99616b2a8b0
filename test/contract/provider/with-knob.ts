import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import { CANARY, stored } from './provider-attempt.ts'
import type { Backend, Knobs, ProviderSubject } from './provider-backend.ts'

/** A test that needs a knob: left out only where `lacks` gives the reason. */
export function withKnob<K extends keyof Knobs>(
  subject: ProviderSubject,
  name: K,
  title: string,
  run: (backend: Backend, refs: readonly SecretRef[], knob: Knobs[K]) => Promise<void>,
): void {
  if (subject.lacks[name] !== undefined) return
  test(title, async (t) => {
    const backend = await subject.start(t)
    const refs = await stored(subject, backend, { a: `${CANARY}-a`, b: `${CANARY}-b` })
    const knob: Partial<Knobs>[K] = backend.knobs[name]
    assert.ok(knob !== undefined, `${name} is neither a knob nor in lacks`)
    await run(backend, refs, knob)
  })
}
