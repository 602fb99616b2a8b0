import { openMountTable } from '../../../src/host/mounts/mount-table.ts'
import { createMemoryMounts } from '../../fakes/memory-mounts.ts'
import { mountTableContract } from './mount-table-contract.ts'

mountTableContract('memory mounts', () => createMemoryMounts())
mountTableContract('mount table', () => openMountTable())
