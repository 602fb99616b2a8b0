import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { createLogin } from '../../../src/app/dashboard/login.ts'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { createPeopleStore } from '../../../src/host/broker/dashboard/people-store.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('tries for many other names do not make a locked name free', async (t) => {
  const clock = createManualClock()
  const database = openSqlite(join(await temporaryFolder(t), 'broker.db'))
  const people = createPeopleStore(database)
  const { emit } = createRecordingLog()
  const ports = { clock, people, emit, audit: async () => undefined, store: createBrokerStore(database) }
  const login = createLogin(ports, {
    open: async () => await Promise.reject(new LocketError('internal', 'nobody logs in here')),
  })
  const createdAt = clock.now()
  await people.addPerson({ id: 'p_1', name: 'carl', isAdmin: false, hasPassword: false, createdAt })
  const visitor = { address: '10.0.0.1', agent: '' }
  const tryAs = (name: string, password: string) => login.withPassword({ name, password }, visitor)

  for (let count = 0; count < 5; count += 1)
    await assert.rejects(tryAs('carl', 'wrong wrong wrong'), { code: 'auth' })
  await assert.rejects(tryAs('carl', 'wrong wrong wrong'), { code: 'rate_limited' })
  // A password that is too long costs nothing to check.
  const long = 'x'.repeat(257)
  for (let count = 0; count <= 500; count += 1)
    await assert.rejects(tryAs(`name${count}`, long), { code: 'auth' })
  await people.dropExpired(clock.now(), 0)
  await assert.rejects(tryAs('carl', 'wrong wrong wrong'), { code: 'rate_limited' })
})
