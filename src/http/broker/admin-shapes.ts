import * as z from 'zod'
import type { MachineAdded } from '../../app/broker/machines.ts'
import type { AuditRow } from '../../core/broker/audit/chain-rows.ts'
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

/** The rule for the tokens whose holders may be the machine. */
const RuleShape = z.strictObject({
  issuer: Name,
  claims: z.record(z.string().max(128), z.string().max(1024)),
})

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
    workload: RuleShape.optional(),
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

/** The body that adds a machine which proves itself by a token of an issuer. */
export const NewWorkloadShape = NewMachineShape.omit({ how: true, needsApproval: true })
  .extend({ workload: RuleShape })
  .meta({ id: 'NewWorkload' })

/** A workload that was added, with the content of its identity file, which holds no secret. */
export const WorkloadAddedShape = z
  .object({ machine: MachineShape, identity: z.string() })
  .meta({ id: 'WorkloadAdded' })

/** The body that downloads a bundle. */
export const DownloadShape = z
  .strictObject({ token: z.string().regex(/^lb_[a-z2-7]{26}$/) })
  .meta({ id: 'Download' })

/** A whole number in a query. */
const NumberText = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number)
const Outcome = z.enum(['allowed', 'denied', 'failed'])

/** The query that asks for lines of the audit. */
export const AuditQueryShape = z.strictObject({
  machine: Name.optional(),
  secret: z.string().max(255).optional(),
  outcome: Outcome.optional(),
  since: Moment.optional(),
  until: Moment.optional(),
  before: NumberText.optional(),
  limit: NumberText.optional(),
})

/** The query that asks for a piece of the chain. */
export const ChainQueryShape = z.strictObject({ after: NumberText, limit: NumberText.optional() })

/** A line of the audit. */
const AuditLineShape = z
  .object({
    seq: z.number(),
    time: Moment,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    machine: z.string().optional(),
    secret: z.string().optional(),
    address: z.string(),
    outcome: Outcome,
    reason: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditLine' })

/** A page of the audit, the newest line first. `next`: the `before` of the next page. */
export const AuditPageShape = z
  .object({ lines: z.array(AuditLineShape), next: z.number().optional() })
  .meta({ id: 'AuditPage' })

const Head = z.object({ seq: z.number(), hash: z.string() })

/** A piece of the chain, the oldest line first: each line as it is hashed. `next`: the next `after`. */
export const AuditChainShape = z
  .object({ previous: Head, lines: z.array(z.string()), next: z.number().optional() })
  .meta({ id: 'AuditChain' })

/** The last line's number and hash, signed by the broker's key. */
export const SignedHeadShape = Head.extend({
  time: Moment,
  signature: z.string(),
  serverKey: z.string(),
}).meta({
  id: 'SignedHead',
})

/** The policy in effect. Left out: there is none, and grants alone decide. */
export const PolicyShape = z
  .object({
    policy: z
      .object({
        path: z.string(),
        hash: z.string(),
        since: Moment,
        rules: z.array(z.object({ name: z.string(), when: z.string(), effect: z.enum(['allow', 'deny']) })),
        error: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'Policy' })

/** An empty answer. */
export const DoneShape = z.object({}).meta({ id: 'Done' })

/** A failure: a code of the table of errors, and a sentence. */
export const FailureShape = z
  .object({ error: z.object({ code: z.string(), reason: z.string(), time: z.number() }) })
  .meta({ id: 'Failure' })

/** Returns a machine as the API shows it. */
export function shownMachine({
  keys,
  notAfter,
  createdAt,
  lastSeen,
  id,
  name,
  state,
  cidrs,
  workload,
}: MachineRecord) {
  return {
    id,
    name,
    state,
    cidrs: [...cidrs],
    createdAt: moment(createdAt),
    ...(keys === undefined ? {} : { fingerprint: keyFingerprint(keys.signing) }),
    ...(notAfter === undefined ? {} : { expires: moment(notAfter) }),
    ...(lastSeen === undefined ? {} : { lastSeen: moment(lastSeen) }),
    ...(workload === undefined ? {} : { workload }),
  }
}

/** Returns a line of the audit as the API shows it. */
export function shownLine({ seq, hash, entry: { at, ...entry } }: AuditRow) {
  return { ...entry, seq, hash, time: moment(at) }
}

/** Returns an added machine as the API shows it. */
export function shownAdded({ machine, token, expires, url }: MachineAdded) {
  return { machine: shownMachine(machine), token, tokenExpires: moment(expires), url }
}

/** Returns a time as the API shows it: `2026-11-30T10:00:00.000Z`. */
export function moment(ms: number): string {
  return new Date(ms).toISOString()
}
