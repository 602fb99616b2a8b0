import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { createPeopleStore } from '../../../src/host/broker/dashboard/people-store.ts'
import { openPostgres } from '../../../src/host/broker/postgres.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { peopleStoreContract } from './people-store-contract.ts'

const postgres = await startPostgres()

peopleStoreContract('postgres', {
  async open() {
    const url = await postgres.createDatabase()
    const database = await openPostgres(url, systemClock())
    return {
      store: createBrokerStore(database),
      people: createPeopleStore(database),
      async again() {
        const next = await openPostgres(url, systemClock())
        return Object.assign(createPeopleStore(next), {
          [Symbol.asyncDispose]: () => next[Symbol.asyncDispose](),
        })
      },
    }
  },
})
