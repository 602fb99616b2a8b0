import { subject } from './sops-files.ts'
import { providerContract } from '../provider/provider-contract.ts'

providerContract(subject)
