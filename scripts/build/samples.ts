import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The start of an `exec` with a secret. It needs the flags of a store in which `a` is set. */
export const EXEC = ['exec', '-e', 'A={{ local://a }}']

/** The flags of a store in a folder, and a file with a value for it. */
export function storeIn(folder: string): { readonly flags: readonly string[]; readonly value: string } {
  const value = join(folder, 'value')
  writeFileSync(value, 'value')
  const flags = ['--local-file', join(folder, 'secrets.age'), '--local-key', join(folder, 'key')]
  return { flags, value }
}
