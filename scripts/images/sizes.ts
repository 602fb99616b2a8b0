import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './recipe.ts'

/** The bytes of each image of the last release, as amd64 and compressed. */
interface Sizes {
  readonly release: string
  readonly images: Readonly<Record<string, number>>
}

const FILE = join(ROOT, 'docs/dev/image-sizes.json')

/** Says how large an image is, beside that of the last release, or beside `locket` where it is new. */
export function sizeLine(name: string, bytes: number): string {
  const { release, images } = lastRelease()
  const [of, before] = name in images ? [name, images[name]] : ['locket', images['locket']]
  const size = `  ${(bytes / 1024 ** 2).toFixed(1)} MiB compressed, for amd64`
  return before === undefined ? size : `${size}; ${(bytes / before).toFixed(2)} × ${of} of ${release}`
}

function lastRelease(): Sizes {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}
