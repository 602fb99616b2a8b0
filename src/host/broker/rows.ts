import * as z from 'zod'
import { PUBLIC_KEY_BYTES } from '../../core/broker/keys.ts'
import type { MachineRecord, SecretPlace, SecretRecord, WorkloadRule } from '../../core/broker/records.ts'
import type { SqlRow } from './sql.ts'

const State = z.enum(['invited', 'pending', 'enabled', 'disabled'])
const Key = z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength === PUBLIC_KEY_BYTES)
const Machine = z.object({
  id: z.string(),
  name: z.string(),
  // A state that is unknown means no answers.
  state: State.catch('disabled'),
  signing_key: Key.nullable().catch(null),
  sealing_key: Key.nullable().catch(null),
  cidrs: z.string(),
  not_after: z.number().nullable(),
  created_at: z.number(),
  last_seen: z.number().nullable(),
  owner: z.string().nullable(),
  workload: z.string().nullable().default(null),
})

/** Addresses that match no machine: a list that cannot be read must not mean "any address". */
const NOWHERE: readonly string[] = ['0.0.0.0/32']
const Cidrs = z.array(z.string())

/**
 * Returns the machine of a row. A row with a key of the wrong length is a machine without keys, and one whose
 * addresses cannot be read has an address that none has: a bad row costs nothing but that row.
 */
export function machineOf(row: SqlRow): MachineRecord {
  const { id, name, state, signing_key, sealing_key, not_after, last_seen, created_at, cidrs, ...rest } =
    Machine.parse(row)
  const { owner } = rest
  const workload = rest.workload === null ? undefined : ruleOf(rest.workload)
  return {
    id,
    name,
    state,
    cidrs: cidrsOf(cidrs),
    createdAt: created_at,
    ...(signing_key === null || sealing_key === null
      ? {}
      : { keys: { signing: new Uint8Array(signing_key), sealing: new Uint8Array(sealing_key) } }),
    ...(not_after === null ? {} : { notAfter: not_after }),
    ...(last_seen === null ? {} : { lastSeen: last_seen }),
    ...(owner === null ? {} : { owner }),
    ...(workload === undefined ? {} : { workload }),
  }
}

const Rule = z.object({ issuer: z.string(), claims: z.record(z.string(), z.string()) })

/** Returns the rule of a workload. Undefined: it cannot be read, and no token fits. */
function ruleOf(text: string): WorkloadRule | undefined {
  try {
    return Rule.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function cidrsOf(text: string): readonly string[] {
  try {
    return Cidrs.parse(JSON.parse(text))
  } catch {
    return NOWHERE
  }
}

const Secret = z.object({
  project: z.string(),
  name: z.string(),
  reference: z.string(),
  created_at: z.number(),
})

/** Returns the secret of a row. */
export function secretOf(row: SqlRow): SecretRecord {
  const { project, name, reference, created_at } = Secret.parse(row)
  return { project, name, reference, createdAt: created_at }
}

const Grant = z.object({ project: z.string(), secret: z.string() })

/** Returns the secret that the row of a grant names. */
export function grantOf(row: SqlRow): SecretPlace {
  const { project, secret } = Grant.parse(row)
  return { project, name: secret }
}
