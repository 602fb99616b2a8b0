import { createHash } from 'node:crypto'

/** The user's answer about the mapping file of a folder, for the hook of a shell. */
export interface TrustRecord {
  readonly verdict: 'allowed' | 'denied'
  /** The digest of the content that was allowed or denied. */
  readonly content: string
  /** Milliseconds since the epoch. Each verdict has another one, so that it is acted on again. */
  readonly at: number
  /** Absolute path of the mapping file. */
  readonly path: string
}

/** A mapping file or its local overlay. */
interface TrustedFile {
  readonly path: string
  readonly text: string
}

/** Returns the digest of a mapping file and its overlay: of their paths and every byte of them. */
export function mappingDigest(files: readonly TrustedFile[]): string {
  return digest(JSON.stringify(files.map(({ path, text }) => [path, text])))
}

/** Returns the name of the record of a mapping file. */
export function recordName(path: string): string {
  return digest(path)
}

/** Returns what a hook compares with what it has seen last: anything that changes its variables. */
export function hookState(parts: readonly (string | number | undefined)[]): string {
  return digest(JSON.stringify(parts)).slice(0, 32)
}

/** Returns the text of a record. */
export function writeRecord({ verdict, content, at, path }: TrustRecord): string {
  return `${verdict} ${content} ${at} ${path}\n`
}

const RECORD = /^(allowed|denied) ([0-9a-f]{64}) ([0-9]{1,16}) (\/[^\0]*)\n$/

/** Returns the record that a text holds; undefined when it is not the record of this mapping file. */
export function readRecord(text: string, path: string): TrustRecord | undefined {
  const [, verdict, content = '', at, found] = RECORD.exec(text) ?? []
  if (found !== path) return undefined
  return { verdict: verdict === 'allowed' ? 'allowed' : 'denied', content, at: Number(at), path }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
