import { subject } from './infisical-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
