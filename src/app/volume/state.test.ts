import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { parseMountId } from '../../core/vocabulary/names.ts'
import type { MountReference } from '../../core/volume/record.ts'
import {
  createdState,
  engineRestarted,
  mountAdded,
  mountEnded,
  mountsDropped,
  observed,
  referencesOf,
  restoredState,
  taskStarted,
  tmpfsMounted,
  tmpfsOf,
  useOf,
  usesOf,
  type Transition,
  type VolumeState,
} from './state.ts'

const IDS = ['a', 'b', 'c'].map(parseMountId)
const [A = parseMountId('a'), B = parseMountId('b')] = IDS
const TASK: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined }

function referenceOf(id: string, since = '2026-01-01T00:00:00.000Z', bootId = 'now'): MountReference {
  return { id: parseMountId(id), since, bootId }
}

/** One state of each kind. Its users are `a`, mounted once, unless the name says otherwise. */
const STATES = {
  idle: createdState(false),
  orphaned: observed(mountAdded(tmpfsMounted([]), referenceOf('a')), false),
  unused: tmpfsMounted(['w']),
  unrecorded: createdState(true),
  mounted: mountAdded(tmpfsMounted(['w']), referenceOf('a')),
  mountedTwice: mountAdded(mountAdded(tmpfsMounted([]), referenceOf('a')), referenceOf('a')),
  unsure: engineRestarted(mountAdded(tmpfsMounted([]), referenceOf('a'))),
  mountedByTwo: mountAdded(mountAdded(tmpfsMounted([]), referenceOf('a')), referenceOf('b')),
  mountedOverUnrecorded: mountAdded(createdState(true), referenceOf('a')),
} satisfies Record<string, VolumeState>

const TRANSITIONS = {
  'seen mounted': (state) => observed(state, true),
  'seen unmounted': (state) => observed(state, false),
  'a is mounted': (state) => mountAdded(state, referenceOf('a')),
  'b is mounted': (state) => mountAdded(state, referenceOf('b')),
  'a is unmounted': (state) => mountEnded(state, A),
  'b is unmounted': (state) => mountEnded(state, B),
  'all are dropped': mountsDropped,
  'the engine restarts': engineRestarted,
} satisfies Record<string, Transition>

/** `KIND` and the users with their counts. `+?`: unrecorded users, too. `error`: must not happen. */
const TABLE: Readonly<Record<keyof typeof STATES, readonly string[]>> = {
  idle: ['unused', 'idle', 'error', 'error', 'idle', 'idle', 'idle', 'idle'],
  orphaned: ['mounted a1', 'orphaned a1', 'error', 'error', 'idle', 'orphaned a1', 'idle', 'orphaned a?'],
  unused: ['unused', 'idle', 'mounted a1', 'mounted b1', 'unused', 'unused', 'unused', 'unused'],
  unrecorded: [
    'unrecorded',
    'idle',
    'mounted a1 +?',
    'mounted b1 +?',
    'unrecorded',
    'unrecorded',
    'unused',
    'unrecorded',
  ],
  mounted: [
    'mounted a1',
    'orphaned a1',
    'mounted a2',
    'mounted a1 b1',
    'unused',
    'mounted a1',
    'unused',
    'mounted a?',
  ],
  mountedTwice: [
    'mounted a2',
    'orphaned a2',
    'mounted a3',
    'mounted a2 b1',
    'mounted a1',
    'mounted a2',
    'unused',
    'mounted a?',
  ],
  unsure: [
    'mounted a?',
    'orphaned a?',
    'mounted a1',
    'mounted a? b1',
    'unused',
    'mounted a?',
    'unused',
    'mounted a?',
  ],
  mountedByTwo: [
    'mounted a1 b1',
    'orphaned a1 b1',
    'mounted a2 b1',
    'mounted a1 b2',
    'mounted b1',
    'mounted a1',
    'unused',
    'mounted a? b?',
  ],
  mountedOverUnrecorded: [
    'mounted a1 +?',
    'orphaned a1',
    'mounted a2 +?',
    'mounted a1 b1 +?',
    'unused',
    'mounted a1 +?',
    'unused',
    'mounted a? +?',
  ],
}

function nameOf(state: VolumeState): string {
  const uses = usesOf(state).map(({ id, count }) => `${id}${count === 'unsure' ? '?' : count}`)
  const unrecorded = state.kind === 'mounted' && state.hasUnrecorded ? ['+?'] : []
  return [state.kind, ...uses, ...unrecorded].join(' ')
}

for (const [name, expected] of Object.entries(TABLE) as [keyof typeof STATES, readonly string[]][]) {
  test(`from ${name}`, () => {
    const before = structuredClone(STATES[name])
    const found = Object.values<Transition>(TRANSITIONS).map((transition) => {
      try {
        return nameOf(transition(STATES[name]))
      } catch (error) {
        assert.ok(isLocketError(error) && error.code === 'internal')
        return 'error'
      }
    })
    assert.deepEqual(found, expected)
    assert.deepEqual(STATES[name], before, 'a transition changed its argument')
  })
}

const step = fc.constantFrom(...Object.values<Transition>(TRANSITIONS), (): VolumeState => tmpfsMounted([]))
const states = fc
  .tuple(fc.constantFrom<VolumeState>(...Object.values(STATES)), fc.array(step, { maxLength: 20 }))
  .map(([start, steps]) => steps.reduce(attempt, start))

function attempt(state: VolumeState, transition: Transition): VolumeState {
  try {
    return transition(state)
  } catch {
    return state
  }
}

test('each mount ID is there once, and what is saved is restored', () => {
  fc.assert(
    fc.property(states, fc.boolean(), (state, isTrusted) => {
      const ids = usesOf(state).map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      const isMounted = tmpfsOf(state) !== undefined
      const restored = restoredState(referencesOf(state), { bootId: 'now', isMounted, isTrusted })
      assert.deepEqual(referencesOf(restored), referencesOf(state))
      assert.equal(tmpfsOf(restored) !== undefined, isMounted)
    }),
  )
})

test('an ID needs as many Unmounts as it had Mounts, and other IDs do not matter', () => {
  const actions = fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...IDS)), { maxLength: 30 })
  fc.assert(
    fc.property(actions, (list) => {
      const counts = new Map<string, number>()
      let state: VolumeState = tmpfsMounted([])
      for (const [isMount, id] of list) {
        const count = counts.get(id) ?? 0
        counts.set(id, isMount ? count + 1 : Math.max(0, count - 1))
        state = isMount ? mountAdded(state, referenceOf(id)) : mountEnded(state, id)
        for (const [other, expected] of counts)
          assert.equal(useOf(state, parseMountId(other))?.count ?? 0, expected)
      }
      const isUsed = [...counts.values()].some((count) => count > 0)
      assert.equal(state.kind, isUsed ? 'mounted' : 'unused')
    }),
  )
})

test('what changes nothing gives the same object', () => {
  fc.assert(
    fc.property(states, (state) => {
      assert.equal(observed(state, tmpfsOf(state) !== undefined), state)
      assert.equal(mountEnded(state, parseMountId('unknown')), state)
      const unsure = engineRestarted(state)
      assert.equal(engineRestarted(unsure), unsure)
      const dropped = mountsDropped(state)
      assert.equal(mountsDropped(dropped), dropped)
      assert.deepEqual(usesOf(dropped), [])
    }),
  )
})

test('an unsure ID is taken over with its new time and counts once', () => {
  const next = mountAdded(STATES.unsure, referenceOf('a', '2027-01-01T00:00:00.000Z'))
  assert.deepEqual(referencesOf(next), [referenceOf('a', '2027-01-01T00:00:00.000Z')])
  assert.deepEqual(referencesOf(STATES.unsure), [{ ...referenceOf('a'), unsure: true }])
})

test('background work survives what keeps the state, and ends with the last user', () => {
  const mounted = taskStarted(STATES.mountedByTwo, TASK)
  for (const transition of [TRANSITIONS['b is unmounted'], TRANSITIONS['the engine restarts']])
    assert.equal(tmpfsOf(transition(mounted))?.task, TASK)
  for (const transition of [TRANSITIONS['all are dropped'], TRANSITIONS['seen unmounted']])
    assert.equal(tmpfsOf(transition(mounted))?.task, undefined)
  const wiping = taskStarted(STATES.unused, TASK)
  assert.equal(tmpfsOf(mountsDropped(wiping))?.task, TASK, 'a removal ended the wipe that is tried again')
  assert.equal(tmpfsOf(mountAdded(wiping, referenceOf('a')))?.task, undefined)
  assert.equal(tmpfsOf(mountAdded(taskStarted(STATES.unrecorded, TASK), referenceOf('a')))?.task, TASK)
  assert.equal(taskStarted(STATES.idle, TASK), STATES.idle)
})

const restored: readonly [string, readonly MountReference[], boolean, boolean, string][] = [
  ['nothing', [], false, true, 'idle'],
  ['nothing, by an old state', [], false, false, 'idle'],
  ['a tmpfs alone', [], true, true, 'unused'],
  ['a tmpfs alone, by an old state', [], true, false, 'unrecorded'],
  ['a tmpfs and its user', [referenceOf('a')], true, true, 'mounted a1'],
  ['a tmpfs and its user, by an old state', [referenceOf('a')], true, false, 'mounted a1'],
  ['a user alone', [referenceOf('a')], false, true, 'orphaned a1'],
  ['an unsure user', [{ ...referenceOf('a'), unsure: true }], true, true, 'mounted a?'],
  ['a user of an earlier boot', [referenceOf('a', '', 'before')], false, true, 'idle'],
  ['users of two boots', [referenceOf('a', '', 'before'), referenceOf('b')], false, true, 'orphaned b1'],
]

for (const [name, mounts, isMounted, isTrusted, expected] of restored) {
  test(`restored from ${name}: ${expected}`, () =>
    assert.equal(nameOf(restoredState(mounts, { bootId: 'now', isMounted, isTrusted })), expected))
}
