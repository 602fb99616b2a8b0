import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFingerprints } from './fingerprint.ts'
import { Secret } from './secret.ts'

const fingerprints = createFingerprints()

function of(values: Readonly<Record<string, string>>, of_ = fingerprints): string {
  return of_.of(Object.entries(values).map(([name, text]) => [name, Secret.fromText(text)]))
}

test('equal values have equal fingerprints, and all others have different ones', () => {
  const sets = [
    {},
    { A: '' },
    { A: 'b' },
    { A: 'c' },
    { B: 'b' },
    { A: 'bc' },
    { Ab: 'c' },
    { A: '', B: '' },
    { A: 'b', B: 'c' },
    { B: 'c', A: 'b' },
  ]
  assert.equal(new Set(sets.map((set) => of(set))).size, sets.length)
  for (const set of sets) assert.equal(of(set), of({ ...set }))
})

test('fingerprints of two processes differ for equal values', () => {
  assert.notEqual(of({ A: 'b' }), of({ A: 'b' }, createFingerprints()))
})
