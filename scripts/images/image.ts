import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../build/packages.ts'
import { digestOf, layersOf } from './layers.ts'
import {
  CONFIG,
  createLayout,
  IN_TOTO,
  INDEX,
  LAYER,
  MANIFEST,
  type Descriptor,
  type Layout,
} from './layout.ts'
import { provenanceOf } from './provenance.ts'
import { ARCHITECTURES, ROOT, runConfig, version } from './recipe.ts'
import { spdxOf } from './spdx.ts'

type Architecture = (typeof ARCHITECTURES)[number]

/** Images have no date: with one, no build would have the digest of another. */
const EPOCH = '1970-01-01T00:00:00Z'

/** Builds an image for both processors into `folder/NAME`; returns its digest, and its bytes as amd64. */
export function writeImage(
  folder: string,
  name: string,
  kind: string | undefined,
): { digest: string; bytes: number } {
  const layout = createLayout(join(folder, name))
  const images = ARCHITECTURES.map((arch) => {
    const built = buildOne(join(folder, 'work', arch.node), arch, kind)
    const image = putImage(layout, name, arch, built)
    const statements = [
      spdxOf(name, arch, built.packages, image.manifest.digest),
      provenanceOf(name, arch, kind, built.packages),
    ].map((predicate) => statementOf(predicate, name, image.manifest.digest))
    for (const { predicateType, predicate } of statements) {
      const what = predicateType.includes('spdx') ? 'spdx' : 'provenance'
      const text = what === 'spdx' ? predicate : statements[1]
      writeFileSync(join(folder, `${name}-${arch.image}.${what}.json`), `${JSON.stringify(text, null, 2)}\n`)
    }
    return { ...image, attestation: putAttestation(layout, image.manifest, statements) }
  })
  const manifests = [...images.map((it) => it.manifest), ...images.map((it) => it.attestation)]
  const index = layout.putJson(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests })
  layout.finish(index, 'latest')
  return { digest: index.digest, bytes: images[0]?.bytes ?? 0 }
}

interface Built {
  readonly context: string
  readonly packages: readonly string[]
}

/** The same steps as `make image`, in a folder of its own. */
function buildOne(work: string, { node }: Architecture, kind: string | undefined): Built {
  run(process.execPath, [
    join(ROOT, 'scripts/build/build.ts'),
    node,
    work,
    ...(kind === undefined ? [] : [kind]),
  ])
  run(join(ROOT, 'plugin/rootfs.sh'), [node, work])
  run(join(ROOT, 'plugin/image-rootfs.sh'), [node, work])
  return {
    context: join(work, 'image'),
    packages: JSON.parse(readFileSync(join(work, 'packages.json'), 'utf8')),
  }
}

function putImage(
  layout: Layout,
  name: string,
  { image: architecture }: Architecture,
  { context }: Built,
): { manifest: Descriptor; bytes: number } {
  const layers = layersOf(context)
  const platform = { architecture, os: 'linux', ...(architecture === 'arm64' ? { variant: 'v8' } : {}) }
  const config = layout.putJson(CONFIG, {
    created: EPOCH,
    ...platform,
    config: runConfig(name),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: ['Node and its libraries', `${name} ${version()}`, 'the folder of the sidecar'].map(
      (created_by) => ({ created: EPOCH, created_by }),
    ),
  })
  const blobs = layers.map(({ gzipped }) => layout.put(LAYER, gzipped))
  const manifest = layout.putJson(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: blobs })
  return { manifest: { ...manifest, platform }, bytes: blobs.reduce((sum, { size }) => sum + size, 0) }
}

interface Claim {
  readonly predicateType: string
  readonly predicate: object
}

interface Statement extends Claim {
  readonly _type: string
  readonly subject: readonly object[]
}

/** An in-toto statement about an image of one processor. No key signs it: there is none. */
function statementOf({ predicateType, predicate }: Claim, name: string, digest: string): Statement {
  const subject = [{ name, digest: { sha256: digest.replace('sha256:', '') } }]
  return { _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }
}

/** Puts the statements beside their image in the index, as BuildKit does, so that tools find them. */
function putAttestation(layout: Layout, of: Descriptor, statements: readonly Statement[]): Descriptor {
  const texts = statements.map((statement) => Buffer.from(JSON.stringify(statement)))
  const layers = texts.map((bytes, index) => ({
    ...layout.put(IN_TOTO, bytes),
    annotations: { 'in-toto.io/predicate-type': statements[index]?.predicateType ?? '' },
  }))
  const config = layout.putJson(CONFIG, {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: texts.map(digestOf) },
  })
  const manifest = layout.putJson(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers })
  return {
    ...manifest,
    platform: { architecture: 'unknown', os: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': of.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  }
}
