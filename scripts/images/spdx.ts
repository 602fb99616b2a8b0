import { debianPackages } from './debian.ts'
import { ARCHITECTURES, lockfile, version } from './recipe.ts'
import { sourceCommit } from './source.ts'

/** A package of the document. */
interface Item {
  readonly name: string
  readonly version: string | undefined
  readonly license?: string | undefined
  /** Its address as a package, which scanners look up. */
  readonly purl?: string
  /** Hexadecimal. */
  readonly sha512?: string
}

/** The versions that Node tells and that belong to no part. */
const NOT_PARTS = new Set(['node', 'modules', 'napi', 'unicode', 'cldr', 'tz'])

/** Returns the bill of materials of an image, as SPDX 2.3: npm packages, Node and its parts, libraries. */
export function spdxOf(
  name: string,
  { image }: (typeof ARCHITECTURES)[number],
  packages: readonly string[],
  digest: string,
): { predicateType: string; predicate: object } {
  const items = [...npmItems(packages), ...nodeParts(), ...debianItems(image)]
  const self = { name, version: version(), license: 'Apache-2.0' }
  const all = [self, ...items].map((item, index) => spdxPackage(item, index))
  const [root = '', ...others] = all.map(({ SPDXID }) => SPDXID)
  return {
    predicateType: 'https://spdx.dev/Document',
    predicate: {
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: `${name}-${image}`,
      documentNamespace: `https://spdx.org/spdxdocs/${name}-${image}-${digest.replace('sha256:', '')}`,
      creationInfo: {
        created: sourceCommit()?.time ?? '1970-01-01T00:00:00Z',
        creators: [`Tool: locket-make-images-${version()}`],
      },
      packages: all,
      relationships: [
        relationship('SPDXRef-DOCUMENT', 'DESCRIBES', root),
        ...others.map((other) => relationship(root, 'CONTAINS', other)),
      ],
    },
  }
}

function npmItems(places: readonly string[]): readonly Item[] {
  const { packages } = lockfile()
  return places.map((place) => {
    const pinned = packages[place]
    if (pinned?.integrity === undefined) throw new Error(`package-lock.json does not pin ${place}`)
    const name = place.replace(/^.*node_modules\//, '')
    return {
      name,
      version: pinned.version,
      license: pinned.license,
      purl: `pkg:npm/${name.replace('@', '%40')}@${pinned.version}`,
      sha512: Buffer.from(pinned.integrity.replace('sha512-', ''), 'base64').toString('hex'),
    }
  })
}

/** This process is the Node that ships, or the same version for another processor. */
function nodeParts(): readonly Item[] {
  // A part that it was built without has an empty version.
  const parts = Object.entries(process.versions).filter(([name, text]) => !NOT_PARTS.has(name) && text !== '')
  return parts
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => ({
      name,
      version: text,
      purl: `pkg:generic/${name}@${encodeURIComponent(text ?? '')}`,
    }))
}

function debianItems(architecture: string): readonly Item[] {
  return debianPackages(architecture).map(({ name, license, version: text }) => {
    if (text === undefined) return { name, license, version: text }
    const [id, at] = [encodeURIComponent(name), encodeURIComponent(text)]
    return { name, license, version: text, purl: `pkg:deb/debian/${id}@${at}?arch=${architecture}` }
  })
}

function spdxPackage({ name, version: text, license, purl, sha512 }: Item, index: number) {
  return {
    SPDXID: `SPDXRef-${index}-${name.replaceAll(/[^A-Za-z0-9.]+/g, '-')}`,
    name,
    ...(text === undefined ? {} : { versionInfo: text }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: license ?? 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    ...(sha512 === undefined ? {} : { checksums: [{ algorithm: 'SHA512', checksumValue: sha512 }] }),
    ...(purl === undefined
      ? {}
      : {
          externalRefs: [
            { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
          ],
        }),
  }
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to }
}
