import type { Issuer, VerifyToken } from '../../../core/broker/seams.ts'
import type { WorkloadStore } from '../../../core/ports/broker-store.ts'
import type { Database } from '../sql.ts'
import { createWorkloadStore } from './session-store.ts'
import { createVerifyToken } from './verify-token.ts'

/** Returns the parts of a broker that answer workloads. It asks no issuer. */
export function openWorkloads(
  database: Pick<Database, 'run'>,
  issuers: readonly Issuer[],
  ports: Parameters<typeof createVerifyToken>[1],
): { readonly sessions: WorkloadStore; readonly verify: VerifyToken; readonly issuers: readonly string[] } {
  return {
    sessions: createWorkloadStore(database),
    verify: createVerifyToken(issuers, ports),
    issuers: issuers.map(({ name }) => name),
  }
}
