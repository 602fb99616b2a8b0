import type { AuditRow } from '../../core/broker/audit/chain-rows.ts'
import { may, owns, type Viewer } from '../../core/broker/people/rights.ts'
import type { MachineRecord } from '../../core/broker/records.ts'
import type { AuditFilter } from '../../core/ports/broker-store.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { DashboardPorts } from './ports.ts'
import type { Visit } from './sessions.ts'

/** A page of the audit. */
interface AuditView {
  /** The newest first. */
  readonly rows: readonly AuditRow[]
  /** `before` of the next page. Undefined: there are no older lines. */
  readonly next: number | undefined
}

/**
 * Shows the audit: to administrators all of it, to others the lines of a secret on whose project they have
 * *Read the audit*, and those of an own machine. Rejects with `denied` for other questions.
 */
export type ShowAudit = (visit: Visit, filter: AuditFilter, most: number) => Promise<AuditView>

/** Returns the function that shows the audit. */
export function createShowAudit({ broker, store }: DashboardPorts): ShowAudit {
  return async (visit, filter, most) => {
    const isAllowed = visit.person.isAdmin || mayRead(visit, filter.secret)
    const machine = isAllowed ? undefined : await ownMachine(visit, filter.machine)
    if (!isAllowed && machine === undefined)
      throw new LocketError('denied', 'name one of your machines, or a secret of a project', {
        hint: 'you need "Read the audit" on the project of the secret',
      })
    const { rows, next } = await broker.audit.list(filter, most)
    // A machine of the same name may have been there before.
    const isOwn = ({ entry }: AuditRow): boolean => machine === undefined || entry.at >= machine.createdAt
    return { rows: rows.filter(isOwn), next: rows.every(isOwn) ? next : undefined }
  }

  async function ownMachine(visit: Visit, name = ''): Promise<MachineRecord | undefined> {
    const machine = name === '' ? undefined : await store.machineNamed(name)
    return machine !== undefined && owns(visit, machine) ? machine : undefined
  }
}

function mayRead(viewer: Viewer, secret = ''): boolean {
  const [project = '', name = ''] = secret.split('/')
  return name !== '' && may(viewer, 'audit', project)
}
