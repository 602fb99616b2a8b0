import * as z from 'zod'
import type { MachineAdded } from '../../app/broker/machines.ts'
import { keyFingerprint } from '../../core/broker/keys.ts'
import type { MachineRecord } from '../../core/broker/records.ts'

const Name = z.string().min(1).max(127)
const Moment = z.iso.datetime()

/** A secret, or with the name `*` all secrets of a project. */
export const PlaceShape = z.object({ project: Name, name: Name }).meta({ id: 'Place' })

/** A secret of the catalog. */
export const SecretShape = z
  .object({ project: Name, name: Name, reference: z.string(), createdAt: Moment })
  .meta({ id: 'Secret' })

/** The body that adds a secret. */
export const NewSecretShape = z
  .strictObject({ project: Name, name: Name, reference: z.string().min(1).max(2048) })
  .meta({ id: 'NewSecret' })

/** A machine. Its key is shown as a fingerprint. */
export const MachineShape = z
  .object({
    id: z.string(),
    name: Name,
    state: z.enum(['invited', 'pending', 'enabled', 'disabled']),
    fingerprint: z.string().optional(),
    cidrs: z.array(z.string()),
    expires: Moment.optional(),
    createdAt: Moment,
    lastSeen: Moment.optional(),
  })
  .meta({ id: 'Machine' })

/** A machine with its grants. */
export const MachineDetailShape = MachineShape.extend({ grants: z.array(PlaceShape) }).meta({
  id: 'MachineDetail',
})

/** The body that adds a machine. */
export const NewMachineShape = z
  .strictObject({
    name: Name,
    grants: z.array(PlaceShape).max(1000).default([]),
    cidrs: z.array(z.string().max(64)).max(32).default([]),
    expires: Moment.optional(),
    how: z.enum(['enrol', 'bundle']).default('enrol'),
    needsApproval: z.boolean().default(false),
  })
  .meta({ id: 'NewMachine' })

/** A machine that was added, with the token that it needs now. */
export const MachineAddedShape = z
  .object({ machine: MachineShape, token: z.string(), tokenExpires: Moment, url: z.string() })
  .meta({ id: 'MachineAdded' })

/** The body that downloads a bundle. */
export const DownloadShape = z
  .strictObject({ token: z.string().regex(/^lb_[a-z2-7]{26}$/) })
  .meta({ id: 'Download' })

/** An empty answer. */
export const DoneShape = z.object({}).meta({ id: 'Done' })

/** A failure: a code of the table of errors, and a sentence. */
export const FailureShape = z
  .object({ error: z.object({ code: z.string(), reason: z.string(), time: z.number() }) })
  .meta({ id: 'Failure' })

/** Returns a machine as the API shows it. */
export function shownMachine({ keys, notAfter, createdAt, lastSeen, id, name, state, cidrs }: MachineRecord) {
  return {
    id,
    name,
    state,
    cidrs: [...cidrs],
    createdAt: moment(createdAt),
    ...(keys === undefined ? {} : { fingerprint: keyFingerprint(keys.signing) }),
    ...(notAfter === undefined ? {} : { expires: moment(notAfter) }),
    ...(lastSeen === undefined ? {} : { lastSeen: moment(lastSeen) }),
  }
}

/** Returns an added machine as the API shows it. */
export function shownAdded({ machine, token, expires, url }: MachineAdded) {
  return { machine: shownMachine(machine), token, tokenExpires: moment(expires), url }
}

/** Returns a time as the API shows it: `2026-11-30T10:00:00.000Z`. */
export function moment(ms: number): string {
  return new Date(ms).toISOString()
}
