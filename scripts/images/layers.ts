import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, lstatSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A layer of an image. */
export interface Layer {
  readonly gzipped: Buffer
  /** The checksum of the tar inside, by which engines know a layer. */
  readonly diffId: string
}

/** The same in every image: Node, dash, the libraries, and the folders that engines mount over. */
const SHARED = /^(?!locket\/)|^locket\/bin\/node$|^locket\/lib\/(?:libatomic|dash$)|^locket\/build\//

/**
 * The layers of an image's context, which plugin/image-rootfs.sh made: what all images share, the program,
 * and the folder that the sidecar's user writes.
 */
export function layersOf(context: string): readonly Layer[] {
  const root = join(context, 'rootfs')
  const paths = globSync('**', { cwd: root })
    .filter((path) => path !== '.')
    .toSorted()
  const folders = paths.filter((path) => isFolder(join(root, path)))
  const ofProgram = paths.filter((path) => !SHARED.test(path) && !isFolder(join(root, path)))
  const needed = (folder: string): boolean => ofProgram.some((path) => path.startsWith(`${folder}/`))
  const isShared = (path: string): boolean =>
    SHARED.test(path) && !(needed(path) && path !== 'locket') && path !== 'locket'
  return [
    layer(root, paths.filter(isShared)),
    layer(root, [...folders.filter(needed), ...ofProgram].toSorted()),
    layer(
      join(context, 'writable'),
      ['.'],
      ['--owner=65532', '--group=65532', '--transform=s|^.|run/secrets/locket|'],
    ),
  ]
}

function isFolder(path: string): boolean {
  return lstatSync(path).isDirectory()
}

/** Modes are those of the files. Owners, times and the order are the same in every build. */
function layer(folder: string, paths: readonly string[], more: readonly string[] = []): Layer {
  const list = `${folder}.list`
  writeFileSync(list, paths.map((path) => `${path}\0`).join(''))
  try {
    const owner = more.length > 0 ? more : ['--owner=0', '--group=0']
    const how = ['--format=ustar', '--mtime=@0', '--numeric-owner', '--hard-dereference', '--no-recursion']
    const tar = execFileSync('tar', ['-C', folder, ...how, ...owner, '--null', '-T', list, '-cf', '-'], {
      maxBuffer: MOST_BYTES,
    })
    return { gzipped: gzipSync(tar), diffId: digestOf(tar) }
  } finally {
    rmSync(list)
  }
}

const MOST_BYTES = 1024 ** 3

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
