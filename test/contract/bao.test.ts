import { subject } from './bao-server.ts'
import { providerContract } from './provider-contract.ts'

providerContract(subject)
