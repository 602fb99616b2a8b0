import { createHash } from 'node:crypto'
import * as z from 'zod'
import { parseMountId, parseVolumeName, type VolumeName } from '../../core/vocabulary/names.ts'
import type { VolumeRecord } from '../../core/volume/record.ts'

/** The references of one volume, and the mark of its tmpfs. */
type VolumeMounts = Pick<VolumeRecord, 'mounts' | 'mark'>

/** The result of reading a mount log. */
export type ReadMounts =
  | { readonly kind: 'good'; readonly mounts: ReadonlyMap<VolumeName, VolumeMounts> }
  | { readonly kind: 'newer' }
  /** `why`: the reason in words, which quotes nothing of the file. */
  | { readonly kind: 'damaged'; readonly why: string }

const VERSION = 1
const CHECKSUM_LETTERS = 16

/** One mount reference in a file. */
export const StoredMount = z.object({
  id: z.string().transform(parseMountId),
  since: z.string(),
  bootId: z.string(),
  unsure: z.literal(true).exactOptional(),
})
const Header = z.object({ version: z.number() })
const Entry = z.object({
  name: z.string().transform(parseVolumeName),
  mounts: z.array(StoredMount),
  mark: z.string().optional(),
})

/** Returns the first line of a log. */
export function formatHeader(): string {
  return formatLine(JSON.stringify({ version: VERSION }))
}

/** Returns the content of a volume's line. The line replaces every earlier one of that volume. */
export function contentOfMounts({ name, mounts, mark }: VolumeRecord): string {
  return JSON.stringify({ name, mounts, mark })
}

/** Returns a line with its checksum. */
export function formatLine(json: string): string {
  return `${checksumOf(json)} ${json}\n`
}

/**
 * Parses a log. An empty one is what a power cut can leave: it has no references of this boot. A last line
 * without its end is left out: its writer was killed, and had not answered the engine yet.
 */
export function parseMounts(text: string): ReadMounts {
  if (text === '') return { kind: 'good', mounts: new Map() }
  const [header, ...lines] = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
  const first = Header.safeParse(contentOf(header ?? ''))
  if (!first.success) return { kind: 'damaged', why: 'it is not a log of mounts' }
  if (first.data.version > VERSION) return { kind: 'newer' }
  const mounts = new Map<VolumeName, VolumeMounts>()
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line)
    if (entry === undefined) return { kind: 'damaged', why: `its line ${index + 2} cannot be read` }
    mounts.set(entry.name, entry)
  }
  return { kind: 'good', mounts }
}

function parseEntry(line: string): z.infer<typeof Entry> | undefined {
  try {
    return Entry.parse(contentOf(line))
  } catch {
    return undefined
  }
}

/** Returns the JSON of a line, or undefined when its checksum does not match. */
function contentOf(line: string): unknown {
  const json = line.slice(CHECKSUM_LETTERS + 1)
  if (line !== formatLine(json).trimEnd()) return undefined
  return JSON.parse(json)
}

function checksumOf(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_LETTERS)
}
