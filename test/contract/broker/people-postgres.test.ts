import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { createPeopleStore } from '../../../src/host/broker/dashboard/people-store.ts'
import { openPostgres } from '../../../src/host/broker/postgres.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { peopleStoreContract } from './people-store-contract.ts'

const postgres = await startPostgres()

peopleStoreContract('postgres', {
  async open() {
    const database = await openPostgres(await postgres.createDatabase(), systemClock())
    return { store: createBrokerStore(database), people: createPeopleStore(database) }
  },
})
