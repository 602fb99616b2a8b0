import { describe } from 'node:test'
import { subjectOf } from './bws-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

for (const client of ['builtin', 'sdk'] as const) {
  describe(`the ${client} client`, () => providerContract(subjectOf(client)))
}
