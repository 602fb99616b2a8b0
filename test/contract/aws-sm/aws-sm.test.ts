import { subject } from './aws-sm-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
