import { openBlindAuthority } from './authority.ts'
import { openStreamCare } from '../process/heap-care.ts'
import { nodeVersionOf } from '../process/node-version.ts'
import {
  openTrustFolder,
  readIfThere,
  removeIfThere,
  replacePublic,
  writeTrustFiles,
} from './proxy-folder.ts'

/** The parts of the machine that only blind mode needs. `wire.ts` loads them when they are asked for. */
export const blindMachine = {
  openBlindAuthority,
  openTrustFolder,
  writeTrustFiles,
  replacePublic,
  readIfThere,
  remove: removeIfThere,
  nodeVersionOf,
  openStreamCare,
} as const
