import type { Stored } from '../../core/ports/secret-store.ts'

/** Returns lines that name the new files. The owner of a new key must know that there is a key to keep. */
export function made(stored: Stored): string {
  const lines = stored.made.map((path) => `made ${path}\n`)
  return lines.length < 2
    ? lines.join('')
    : `${lines.join('')}keep a copy of both files, and store the key apart from the secrets\n`
}
