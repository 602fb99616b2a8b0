/**
 * `node scripts/build/check-rootfs.ts x64|arm64 ROOTFS`: every binary is for that processor, and what it
 * loads is there.
 */
import { globSync, lstatSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { requirementsOf } from './elf.ts'

const [arch = '', root = ''] = process.argv.slice(2)
const files = globSync('**', { cwd: root }).filter((path) => lstatSync(join(root, path)).isFile())
const names = new Set(files.map((path) => basename(path)))
const problems: string[] = []

for (const path of files) {
  const found = requirementsOf(readFileSync(join(root, path)))
  if (found === undefined) continue
  if (found.arch !== arch) problems.push(`${path} is for ${found.arch}, not for ${arch}`)
  for (const name of found.needed)
    if (!names.has(name)) problems.push(`${path} loads ${name}, which is not there`)
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1
