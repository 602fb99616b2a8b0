import type { SecretMetadata } from '../../core/ports/secret-store.ts'

/** Lines of `locket secret list`: name, size in bytes, and when it was set (UTC), in columns under a heading. */
export function secretTable(secrets: readonly SecretMetadata[]): string {
  const rows = [
    ['NAME', 'BYTES', 'SET'],
    ...secrets.map(({ name, sizeBytes, updatedAt }) => [
      name,
      String(sizeBytes),
      new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' '),
    ]),
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      ([name = '', size = '', date = '']) =>
        `${name.padEnd(widths[0] ?? 0)}  ${size.padStart(widths[1] ?? 0)}  ${date}\n`,
    )
    .join('')
}
