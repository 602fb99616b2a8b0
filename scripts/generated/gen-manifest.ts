/** Writes the plugin's manifest and the sample configuration. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { MANIFEST } from './files.ts'

for (const [path, generate] of Object.entries(MANIFEST)) {
  writeFileSync(resolve(import.meta.dirname, '../..', path), generate())
}
