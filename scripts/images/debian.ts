import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './recipe.ts'

/** The packages of Debian whose shared objects plugin/shared-objects.sh copies. */
const NAMES = ['libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6']

export interface DebianPackage {
  readonly name: string
  /** Undefined: this machine is not Debian, and its libraries have no such version. */
  readonly version: string | undefined
}

/** The packages that the libraries of a processor come from: this machine's, or those that were fetched. */
export function debianPackages(architecture: string): readonly DebianPackage[] {
  const fetched = join(ROOT, `build/apt-${architecture}`)
  const files = existsSync(fetched) ? readdirSync(fetched) : []
  return NAMES.map((name) => {
    const own = spawnSync('dpkg-query', ['-W', '-f', '${Version}', `${name}:${architecture}`], {
      encoding: 'utf8',
    })
    if (own.status === 0) return { name, version: own.stdout }
    const file = files.find((it) => it.startsWith(`${name}_`) && it.endsWith(`_${architecture}.deb`))
    return { name, version: file === undefined ? undefined : decodeURIComponent(file.split('_')[1] ?? '') }
  })
}
