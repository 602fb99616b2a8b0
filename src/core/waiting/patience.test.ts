import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bePatient, hurry, isPatient, keepPatience, onHurry, sharePatience } from './patience.ts'
import { createSingleFlight } from './single-flight.ts'

const signalOf = () => new AbortController().signal

test('a signal is not patient unless it was marked, and only until somebody hurries', () => {
  const signal = signalOf()
  assert.equal(isPatient(signal), false)
  const merged = keepPatience(bePatient(signal), signalOf())
  assert.deepEqual([isPatient(signal), isPatient(merged)], [true, true])
  const heard: string[] = []
  onHurry(signal, () => heard.push('signal'))
  onHurry(merged, () => heard.push('gone'))[Symbol.dispose]()
  hurry(merged)
  hurry(signal)
  assert.deepEqual([isPatient(signal), isPatient(merged), heard], [false, false, ['signal']])
})

test('shared work is patient as long as all of its callers are', () => {
  const [first, second, urgent, shared] = [
    bePatient(signalOf()),
    bePatient(signalOf()),
    signalOf(),
    signalOf(),
  ]
  sharePatience(first, shared, true)
  sharePatience(second, shared, false)
  assert.equal(isPatient(shared), true)
  sharePatience(urgent, shared, false)
  assert.deepEqual([first, second, shared].map(isPatient), [true, true, false])
  const other = signalOf()
  using _bond = sharePatience(first, other, true)
  hurry(first)
  assert.equal(isPatient(other), false)
})

test('a flight that a patient caller began hurries when another caller joins it', async () => {
  const flights = createSingleFlight<string>()
  const answer = Promise.withResolvers<string>()
  let shared: AbortSignal | undefined
  const work = (signal: AbortSignal) => {
    shared = signal
    return answer.promise
  }
  const patient = flights.run('a', bePatient(signalOf()), work)
  assert.ok(shared !== undefined && isPatient(shared))
  const urgent = flights.run('a', signalOf(), work)
  assert.equal(isPatient(shared), false)
  answer.resolve('yes')
  assert.deepEqual(await Promise.all([patient, urgent]), ['yes', 'yes'])
})
