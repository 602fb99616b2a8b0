import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from './layers.ts'

/** Names a blob. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string }
}

export const INDEX = 'application/vnd.oci.image.index.v1+json'
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const CONFIG = 'application/vnd.oci.image.config.v1+json'
export const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
export const IN_TOTO = 'application/vnd.in-toto+json'

/** The contents of the JSON files of a layout. Each file has some of them. */
export interface LayoutContent {
  readonly manifests: readonly Descriptor[]
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export function readContent(path: string): LayoutContent {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** A folder in OCI's image layout. Every blob is named by its checksum. */
export interface Layout {
  put(mediaType: string, bytes: Buffer): Descriptor
  putJson(mediaType: string, value: object): Descriptor
  /** Writes the entry of the layout: the index of the image, under a tag. */
  finish(index: Descriptor, tag: string): void
}

export function createLayout(folder: string): Layout {
  const blobs = join(folder, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes)
    writeFileSync(join(blobs, digest.replace('sha256:', '')), bytes)
    return { mediaType, digest, size: bytes.length }
  }
  return {
    put,
    putJson: (mediaType, value) => put(mediaType, Buffer.from(JSON.stringify(value))),
    finish(index, tag) {
      const entry = { ...index, annotations: { 'org.opencontainers.image.ref.name': tag } }
      const top = { schemaVersion: 2, mediaType: INDEX, manifests: [entry] }
      writeFileSync(join(folder, 'index.json'), JSON.stringify(top))
      writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    },
  }
}
