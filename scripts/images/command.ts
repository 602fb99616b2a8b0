/**
 * Makes `dist/images`: for each image an OCI layout with both processors, and its SBOM and provenance beside
 * it. `node scripts/images/command.ts OUT [NAME...]`
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeImage } from './image.ts'
import { IMAGES } from './recipe.ts'
import { sizeLine } from './sizes.ts'

const [out = 'dist/images', ...wanted] = process.argv.slice(2)
const unknown = wanted.filter((name) => !IMAGES.has(name))
if (unknown.length > 0)
  throw new Error(`no image ${unknown.join(', ')}: there are ${[...IMAGES.keys()].join(', ')}`)
// Modes are part of the digest.
process.umask(0o022)
const folder = resolve(out)
mkdirSync(folder, { recursive: true })
for (const [name, kind] of IMAGES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  rmSync(join(folder, name), { recursive: true, force: true })
  const { digest, bytes } = writeImage(folder, name, kind)
  process.stdout.write(`${join(out, name)}: ${digest}\n${sizeLine(name, bytes)}\n`)
}
rmSync(join(folder, 'work'), { recursive: true, force: true })
