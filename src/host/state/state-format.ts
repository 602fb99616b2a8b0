import { createHash } from 'node:crypto'
import * as z from 'zod'
import { parseMountId, parseVolumeName } from '../../core/vocabulary/names.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'

/** The content of a state file. */
export interface State {
  /** ISO 8601. */
  readonly savedAt: string
  readonly records: readonly VolumeRecord[]
}

/** The result of reading a state file. */
export type ReadState =
  | { readonly kind: 'good'; readonly state: State }
  | { readonly kind: 'newer'; readonly version: number }
  /** `why`: the reason in words, which quotes nothing of the file. */
  | { readonly kind: 'damaged'; readonly why: string }

const VERSION = 1

const Mount = z.object({
  id: z.string().transform(parseMountId),
  since: z.string(),
  bootId: z.string(),
  unsure: z.literal(true).exactOptional(),
})
const Volume = z.object({
  name: z.string().transform(parseVolumeName),
  options: z.record(z.string(), z.string()),
  createdAt: z.string(),
  mounts: z.array(Mount),
  mark: z.string().optional(),
})
const Payload = z.object({ version: z.literal(VERSION), savedAt: z.iso.datetime(), volumes: z.array(Volume) })
const JsonObject = z.record(z.string(), z.unknown())

/** Returns the text of a state file, with its checksum. */
export function formatState({ savedAt, records }: State): string {
  const payload = { version: VERSION, savedAt, volumes: records }
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
    const { savedAt, volumes } = Payload.parse(payload)
    return { kind: 'good', state: { savedAt, records: volumes } }
  } catch {
    return { kind: 'damaged', why: 'it has content that no locket writes' }
  }
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
