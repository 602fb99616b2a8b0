import * as z from 'zod'
import { PERMISSIONS } from '../../../core/broker/people/people.ts'
import type {
  PasskeyRecord,
  PermissionRecord,
  PersonRecord,
  SessionRecord,
} from '../../../core/broker/people/people.ts'
import type { TicketRecord } from '../../../core/broker/people/people-store.ts'
import type { SqlRow } from '../sql.ts'

const Person = z.object({
  id: z.string(),
  name: z.string(),
  password: z.string().nullable(),
  is_admin: z.number(),
  created_at: z.number(),
  last_login: z.number().nullable(),
})

/** Returns the person of a row, without the hash of the password. */
export function personOf(row: SqlRow): PersonRecord {
  const { id, name, password, is_admin, created_at, last_login } = Person.parse(row)
  return {
    id,
    name,
    isAdmin: is_admin === 1,
    hasPassword: password !== null,
    createdAt: created_at,
    ...(last_login === null ? {} : { lastLogin: last_login }),
  }
}

const AskedPermission = z.object({
  project: z.string(),
  permission: z.literal(Object.keys(PERMISSIONS) as (keyof typeof PERMISSIONS)[]),
})

/** Returns the permission of a row, or none for a row that a newer locket wrote. */
export function permissionOf(row: SqlRow): readonly PermissionRecord[] {
  const read = AskedPermission.safeParse(row)
  return read.success ? [read.data] : []
}

const Session = z.object({
  hash: z.string(),
  person: z.string(),
  created_at: z.number(),
  expires: z.number(),
  seen_at: z.number(),
  address: z.string(),
  agent: z.string(),
})

/** Returns the session of a row. */
export function sessionOf(row: SqlRow): SessionRecord {
  const { created_at, seen_at, ...rest } = Session.parse(row)
  return { ...rest, createdAt: created_at, seenAt: seen_at }
}

const Passkey = z.object({
  id: z.string(),
  person: z.string(),
  name: z.string(),
  public_key: z.instanceof(Uint8Array),
  counter: z.number(),
  created_at: z.number(),
  last_used: z.number().nullable(),
})

/** Returns the passkey of a row. */
export function passkeyOf(row: SqlRow): PasskeyRecord {
  const { public_key, created_at, last_used, ...rest } = Passkey.parse(row)
  return {
    ...rest,
    publicKey: new Uint8Array(public_key),
    createdAt: created_at,
    ...(last_used === null ? {} : { lastUsed: last_used }),
  }
}

const Ticket = z.object({
  hash: z.string(),
  kind: z.enum(['setup', 'challenge', 'outside']),
  person: z.string().nullable(),
  expires: z.number(),
})

/** Returns the ticket of a row. */
export function ticketOf(row: SqlRow): TicketRecord {
  const { person, ...rest } = Ticket.parse(row)
  return { ...rest, ...(person === null ? {} : { person }) }
}
