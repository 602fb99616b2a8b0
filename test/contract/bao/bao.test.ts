import { subject } from './bao-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
