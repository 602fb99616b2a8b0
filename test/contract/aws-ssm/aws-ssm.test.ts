import { subject } from './aws-ssm-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
