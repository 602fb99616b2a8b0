import { subject } from './op-connect-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
