import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import { sourceFilesContract } from './source-files-contract.ts'

sourceFilesContract('source files', openSourceFiles())
