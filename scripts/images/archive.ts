/**
 * Writes one image of an OCI layout to standard output, as the archive that every engine's `docker load`
 * reads. `node scripts/images/archive.ts dist/images/NAME [amd64|arm64]`
 */
import { spawnSync } from 'node:child_process'
import { linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { readContent, type Descriptor } from './layout.ts'
import { ARCHITECTURES } from './recipe.ts'

const [given = '', architecture = ARCHITECTURES.find(({ node }) => node === process.arch)?.image ?? ''] =
  process.argv.slice(2)
const layout = resolve(given)
const name = basename(layout)
const [entry] = readContent(join(layout, 'index.json')).manifests
const { manifests } = readContent(blobOf(entry))
const chosen = manifests.find(({ platform }) => platform?.architecture === architecture)
if (chosen === undefined) throw new Error(`${name} has no image for ${architecture}`)
const { config, layers } = readContent(blobOf(chosen))

const folder = mkdtempSync(join(layout, '../archive-'))
try {
  const files = [config, ...layers].map((blob) => ({ blob, file: fileOf(blob) }))
  for (const { blob, file } of files) linkSync(blobOf(blob), join(folder, file))
  const [Config = '', ...Layers] = files.map(({ file }) => file)
  const manifest = [{ Config, RepoTags: [`${name}:latest`], Layers }]
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const words = [
    '-C',
    folder,
    '--owner=0',
    '--group=0',
    '--mtime=@0',
    '--sort=name',
    '--transform=s|^./||',
    '-cf',
    '-',
    '.',
  ]
  process.exitCode = spawnSync('tar', words, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}

function blobOf(descriptor: Descriptor | undefined): string {
  return join(layout, 'blobs/sha256', descriptor?.digest.replace('sha256:', '') ?? '')
}

function fileOf({ digest, mediaType }: Descriptor): string {
  return digest.replace('sha256:', '') + (mediaType.endsWith('gzip') ? '.tar.gz' : '.json')
}
