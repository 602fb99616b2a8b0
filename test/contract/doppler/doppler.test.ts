import { subject } from './doppler-server.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
