import { createHash } from 'node:crypto'
import * as z from 'zod'
import { parseVolumeName } from '../../core/vocabulary/names.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'
import { StoredMount } from './mount-log-format.ts'

/** The content of a state file. */
export interface State {
  /** ISO 8601. */
  readonly savedAt: string
  /** Without references and marks if `mountsApart`. */
  readonly records: readonly VolumeRecord[]
  /** True: the references are in the mount log. False in the files of earlier versions (ADR 0021). */
  readonly mountsApart: boolean
}

/** The result of reading a state file. */
export type ReadState =
  | { readonly kind: 'good'; readonly state: State }
  | { readonly kind: 'newer'; readonly version: number }
  /** `why`: the reason in words, which quotes nothing of the file. */
  | { readonly kind: 'damaged'; readonly why: string }

const VERSION = 1

const Volume = z.object({
  name: z.string().transform(parseVolumeName),
  options: z.record(z.string(), z.string()),
  createdAt: z.string(),
  mounts: z.array(StoredMount),
  mark: z.string().optional(),
})
const Payload = z.object({
  version: z.literal(VERSION),
  savedAt: z.iso.datetime(),
  mountsApart: z.literal(true).exactOptional(),
  volumes: z.array(Volume),
})
const JsonObject = z.record(z.string(), z.unknown())

/**
 * Returns the text of a state file, with its checksum. The list of references stays, empty: earlier versions
 * require it.
 */
export function formatState({ savedAt, records, mountsApart }: State): string {
  const payload = mountsApart
    ? { version: VERSION, savedAt, mountsApart, volumes: records.map(withoutMounts) }
    : { version: VERSION, savedAt, volumes: records }
  return `${JSON.stringify({ checksum: checksumOf(payload), ...payload })}\n`
}

/**
 * Parses a state file. Later versions must keep `checksum` and `version`, so that this version can
 * distinguish their files from damaged ones.
 */
export function parseState(text: string): ReadState {
  const parsed = JsonObject.safeParse(parseJson(text))
  if (!parsed.success) return { kind: 'damaged', why: 'it is not a state file' }
  const { checksum, ...payload } = parsed.data
  if (checksumOf(payload) !== checksum) return { kind: 'damaged', why: 'its checksum does not match' }
  const version = payload['version']
  if (typeof version === 'number' && version > VERSION) return { kind: 'newer', version }
  try {
    const { savedAt, volumes, mountsApart = false } = Payload.parse(payload)
    return { kind: 'good', state: { savedAt, records: volumes, mountsApart } }
  } catch {
    return { kind: 'damaged', why: 'it has content that no locket writes' }
  }
}

function withoutMounts({ name, options, createdAt }: VolumeRecord): VolumeRecord {
  return { name, options, createdAt, mounts: [] }
}

/** Returns the SHA-256 of everything else in the file, as written: JSON keeps the order of keys. */
function checksumOf(payload: object): string {
  return createHash('sha256').update(JSON.stringify(payload)).digest('hex')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
