/** Fails when a generated file differs from what would be generated now. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DOCS, MANIFEST } from './files.ts'

const stale = Object.entries({ ...DOCS, ...MANIFEST }).filter(([path, generate]) => {
  const target = resolve(import.meta.dirname, '../..', path)
  return !existsSync(target) || readFileSync(target, 'utf8') !== generate()
})
for (const [path] of stale) process.stderr.write(`${path} is not what the declarations say: run make docs\n`)
if (stale.length > 0) process.exitCode = 1
