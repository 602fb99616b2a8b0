import type { SecretMetadata } from '../../core/ports/secret-store.ts'
import { tableLines } from '../../core/text/table.ts'

/** Returns the lines of `locket secret list`: name, size in bytes and time of the last change in UTC, under a heading. */
export function secretTable(secrets: readonly SecretMetadata[]): string {
  const rows = [
    ['NAME', 'BYTES', 'SET'],
    ...secrets.map(({ name, sizeBytes, updatedAt }) => [
      name,
      String(sizeBytes),
      new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' '),
    ]),
  ]
  const cells = rows.map((row) => row.map((text) => ({ text })))
  return tableLines(cells, { right: [1] })
    .map((line) => `${line}\n`)
    .join('')
}
