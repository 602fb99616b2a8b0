/** Writes README.md and docs/reference. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DOCS } from './files.ts'

for (const [path, generate] of Object.entries(DOCS)) {
  const target = resolve(import.meta.dirname, '../..', path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, generate())
}
