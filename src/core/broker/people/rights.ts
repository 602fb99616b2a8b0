import { LocketError } from '../../vocabulary/errors.ts'
import type { MachineRecord, SecretPlace } from '../records.ts'
import { PERMISSIONS, type Permission, type PermissionRecord, type PersonRecord } from './people.ts'

/** A person with all rights, as they are at this request. */
export interface Viewer {
  readonly person: PersonRecord
  readonly permissions: readonly PermissionRecord[]
}

/** True when the person has the right on the project. An administrator has each right. */
export function may({ person, permissions }: Viewer, permission: Permission, project: string): boolean {
  return person.isAdmin || permissions.some((one) => one.project === project && one.permission === permission)
}

/** True when the person may see the names of a project: each right on it includes that. */
export function maySee({ person, permissions }: Viewer, project: string): boolean {
  return person.isAdmin || permissions.some((one) => one.project === project)
}

/** Throws `denied` without the right on the project. */
export function mustHave(viewer: Viewer, permission: Permission, project: string): void {
  if (!may(viewer, permission, project))
    throw new LocketError('denied', `you need the permission "${PERMISSIONS[permission]}" on ${project}`, {
      hint: 'an administrator can give it to you on the page People',
    })
}

/** Throws `denied` for everybody but administrators. */
export function mustBeAdmin({ person }: Viewer): void {
  if (!person.isAdmin) throw new LocketError('denied', 'only an administrator may do this')
}

/** True when the person may look at the machine, and take access away from it: it is their own. */
export function owns({ person }: Viewer, machine: Pick<MachineRecord, 'owner'>): boolean {
  return person.isAdmin || machine.owner === person.id
}

/**
 * True when the person may give a machine access: an administrator, or the owner of a machine with the right
 * to provision on each project that it reads.
 */
export function mayGive(
  viewer: Viewer,
  machine: Pick<MachineRecord, 'owner'>,
  grants: readonly SecretPlace[],
): boolean {
  return owns(viewer, machine) && grants.every(({ project }) => may(viewer, 'provision', project))
}
