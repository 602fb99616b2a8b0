import { subject } from './azure-kv-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
