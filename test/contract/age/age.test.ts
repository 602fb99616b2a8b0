import { subject } from './age-files.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
