import { subject } from './infisical-server.ts'
import { providerContract } from './provider-contract.ts'

providerContract(subject)
