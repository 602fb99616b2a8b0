import { join } from 'node:path'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { createPeopleStore } from '../../../src/host/broker/dashboard/people-store.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { peopleStoreContract } from './people-store-contract.ts'

peopleStoreContract('sqlite', {
  async open(t) {
    const path = join(await temporaryFolder(t), 'broker.db')
    const database = openSqlite(path)
    return {
      store: createBrokerStore(database),
      people: createPeopleStore(database),
      async again() {
        const next = openSqlite(path)
        return Object.assign(createPeopleStore(next), {
          [Symbol.asyncDispose]: () => next[Symbol.asyncDispose](),
        })
      },
    }
  },
})
