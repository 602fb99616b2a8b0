import { subject } from './gcp-sm-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
