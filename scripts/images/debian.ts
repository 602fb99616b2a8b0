import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './recipe.ts'

/** The packages of Debian whose files an image has, with the licence where the package has one alone. */
const LICENCES = {
  // Its build uses a program under the GPL, which no binary contains.
  dash: 'BSD-3-Clause',
  libatomic1: undefined,
  libc6: undefined,
  'libgcc-s1': undefined,
  'libstdc++6': undefined,
} as const

export interface DebianPackage {
  readonly name: string
  /** Undefined: this machine is not Debian, and its libraries have no such version. */
  readonly version: string | undefined
  /** As SPDX writes it. Undefined: its files have several, or an exception that nobody has looked up. */
  readonly license: string | undefined
}

/** The packages that dash and the libraries of a processor come from: of this machine, or fetched. */
export function debianPackages(architecture: string): readonly DebianPackage[] {
  const fetched = join(ROOT, `build/apt-${architecture}`)
  const files = existsSync(fetched) ? readdirSync(fetched) : []
  return Object.entries(LICENCES).map(([name, license]) => {
    const own = spawnSync('dpkg-query', ['-W', '-f', '${Version}', `${name}:${architecture}`], {
      encoding: 'utf8',
    })
    if (own.status === 0) return { name, license, version: own.stdout }
    const file = files.find((it) => it.startsWith(`${name}_`) && it.endsWith(`_${architecture}.deb`))
    const version = file === undefined ? undefined : decodeURIComponent(file.split('_')[1] ?? '')
    return { name, license, version }
  })
}
