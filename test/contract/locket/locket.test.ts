import { providerContract } from '../provider/provider-contract.ts'
import { subject } from './locket-server.ts'

providerContract(subject)
