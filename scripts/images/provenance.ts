import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages } from './debian.ts'
import { digestOf } from './layers.ts'
import { ARCHITECTURES, lockfile, ROOT } from './recipe.ts'
import { sourceCommit } from './source.ts'

/**
 * Returns what an image was built of, and how: SLSA's provenance. It has no times: they differ in each build.
 */
export function provenanceOf(
  name: string,
  { node, image }: (typeof ARCHITECTURES)[number],
  kind: string | undefined,
  packages: readonly string[],
): { predicateType: string; predicate: object } {
  const { packages: pinned } = lockfile()
  const commit = sourceCommit()
  return {
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:locket:make-images:1',
        externalParameters: { image: name, platform: `linux/${image}`, provider: kind ?? 'all' },
        internalParameters: { command: `scripts/build/build.ts ${node}`, node: process.versions.node },
        resolvedDependencies: [
          ...(commit === undefined ? [] : [{ uri: 'git+file:.', digest: { gitCommit: commit.id } }]),
          {
            uri: 'file:package-lock.json',
            digest: {
              sha256: digestOf(readFileSync(join(ROOT, 'package-lock.json'))).replace('sha256:', ''),
            },
          },
          ...packages.map((place) => ({
            uri: `pkg:npm/${place.replace(/^.*node_modules\//, '').replace('@', '%40')}@${pinned[place]?.version}`,
            digest: {
              sha512: Buffer.from(pinned[place]?.integrity?.slice('sha512-'.length) ?? '', 'base64').toString(
                'hex',
              ),
            },
          })),
          ...debianPackages(image).map((it) => ({
            uri: `pkg:deb/debian/${encodeURIComponent(it.name)}@${encodeURIComponent(it.version ?? 'unknown')}?arch=${image}`,
          })),
        ],
      },
      runDetails: { builder: { id: 'urn:locket:make-images' } },
    },
  }
}
