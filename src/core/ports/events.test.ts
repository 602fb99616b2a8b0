import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENTS, type LocketEvent } from '../vocabulary/events.ts'
import { eventText } from './event-text.ts'
import { createEvents } from './events.ts'

test('every listener hears each event in order, and one that throws does not disturb the others', () => {
  const heard: LocketEvent[] = []
  const emit = createEvents([
    () => {
      throw new Error('a listener with a bug')
    },
    (event) => heard.push(event),
  ])
  emit('volume.removed', { volume: 'db' })
  emit('daemon.stopping')
  assert.deepEqual(heard, [
    { name: 'volume.removed', facts: { volume: 'db' } },
    { name: 'daemon.stopping', facts: {} },
  ])
})

test('a fact in the message is not printed once more, and rows may share a printed name', () => {
  const facts = { left: 'their tags were written as they stand', policy: 'passthrough', error: 'e' }
  assert.deepEqual(eventText({ name: 'inject.unresolved', facts }), {
    event: 'inject.unresolved',
    level: 'warn',
    message: 'references without a value: their tags were written as they stand',
    facts: { policy: 'passthrough', error: 'e' },
  })
  const again = eventText({ name: 'volume.mounted.again', facts: { volume: 'db', mountId: 'x' } })
  assert.deepEqual([again.event, again.message], ['volume.mounted', 'mounted once more'])
})

test('messages use facts of their own row, and a shared name is that of a row', () => {
  for (const [name, row] of Object.entries(EVENTS)) {
    for (const [, fact = ''] of row.message.matchAll(/\{(\w+)\}/g))
      assert.ok(Object.hasOwn(row.facts, fact), `${name}: ${fact}`)
    const { printedAs } = row
    if (printedAs !== undefined && printedAs !== 'volume.unknown')
      assert.ok(Object.hasOwn(EVENTS, printedAs), `${name} is printed as ${printedAs}`)
  }
})
