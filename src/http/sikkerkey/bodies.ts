import * as z from 'zod'
import type { WatchedChange, SecretItem, ValuedItem } from '../../app/broker/sikkerkey/read-by-id.ts'
import { readPublicKey } from '../../core/broker/keys.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { bodyBytes, readJsonBody } from '../broker/broker-server.ts'

const ListBody = z.object({ projectId: z.string().max(128) })

const ExportBody = z.object({
  projectId: z.string().max(128).nullish(),
  // The broker has no applications, so nothing can be in one.
  applicationId: z.null().optional(),
})

const PollBody = z.object({ watch: z.array(z.string().max(256)).max(500) })

const EnrolBody = z.object({
  // As it is shown, with or without the fingerprint of the broker behind it.
  token: z.string().regex(/^le_[a-z2-7]{26}(?:\.[\w+/=-]{1,64})?$/, 'must be a token of an enrolment'),
  publicKey: z.string().transform((text, context) => {
    const key = readPublicKey(text)
    if (key !== undefined) return key
    context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' })
    return z.NEVER
  }),
  // The operator has chosen the name of the machine.
  hostname: z.string().max(256).optional(),
  name: z.string().max(256).optional(),
})

/** Returns the token and the key of a new machine. Throws `usage`. */
export function readEnrolBody(body: unknown) {
  const { token, publicKey } = readJsonBody(EnrolBody, body)
  return { token: token.split('.')[0] ?? '', publicKey }
}

/** Returns the ids that a machine watches. Throws `usage`. */
export function readPollBody(body: unknown): readonly string[] {
  return readJsonBody(PollBody, body).watch
}

/** Returns `{"changes":{…}}`. */
export function changesBody(changes: ReadonlyMap<string, WatchedChange>): Buffer {
  const rows = [...changes].map(([id, status]) => [id, { status }] as const)
  return Buffer.from(JSON.stringify({ changes: Object.fromEntries(rows) }))
}

/** Returns the project that a list is wanted of. Throws `usage`. */
export function readListBody(body: unknown): string {
  return readJsonBody(ListBody, body).projectId
}

/** Returns the project that an export is wanted of. Undefined: all, as an empty body says. Throws `usage`. */
export function readExportBody(body: unknown): string | undefined {
  if (bodyBytes(body).byteLength === 0) return undefined
  return readJsonBody(ExportBody, body).projectId ?? undefined
}

/** Returns `{"value":"…"}`. The caller must wipe it. Throws `unfit_value` for a value that is not UTF-8. */
export function valueBody(value: Secret): Buffer {
  return Buffer.from(`{"value":${quoted(value)}}`)
}

/** Returns `{"secrets":[…]}` without values. */
export function listBody(items: readonly SecretItem[]): Buffer {
  return Buffer.from(JSON.stringify({ secrets: items.map(factsOf) }))
}

/** As `listBody`, with the names of projects. Which kind a secret is, only its fields tell. */
export function cliListBody(items: readonly SecretItem[]): Buffer {
  const more = (item: SecretItem) => ({ ...projectOf(item.project), type: '', ...factsOf(item) })
  return Buffer.from(JSON.stringify({ secrets: items.map(more) }))
}

/** Returns whether a project has secrets for a machine. */
export function accessBody(project: string, isValid: boolean): Buffer {
  const error = isValid ? null : 'this machine may not read this project'
  return Buffer.from(JSON.stringify({ valid: isValid, projectName: isValid ? project : null, error }))
}

/** As `listBody`, with values. The caller must wipe it. Throws `unfit_value`, which names the secret. */
export function exportBody(items: readonly ValuedItem[]): Buffer {
  const rows = items.map((item) => {
    const facts = JSON.stringify(factsOf(item))
    return `${facts.slice(0, -1)},"value":${quoted(item.value, item.id)}}`
  })
  return Buffer.from(`{"secrets":[${rows.join(',')}]}`)
}

/** Returns `{"projects":[…]}`. The id of a project is its name. */
export function projectsBody(projects: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify({ projects: projects.map(projectOf) }))
}

function projectOf(name: string) {
  return { projectId: name, projectName: name, applicationId: null, applicationName: null }
}

function factsOf({ id, name, project, fields }: SecretItem) {
  return { id, name, fieldNames: fieldNamesOf(fields), projectId: project }
}

/** `a,b`. A name with a comma cannot be written so: the value is one JSON object then. */
function fieldNamesOf(fields: readonly string[] | undefined): string | null {
  if (fields === undefined || fields.some((name) => name.includes(','))) return null
  return fields.join(',')
}

function quoted(value: Secret, id = 'the value'): string {
  try {
    return JSON.stringify(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.reveal()))
  } catch {
    throw new LocketError('unfit_value', `${id} is not UTF-8 text, which this protocol cannot hold`)
  }
}
