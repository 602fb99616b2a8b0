import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Puts our licence and that of everything that ships with us into `folder`: Node's, and one file for the npm
 * packages.
 */
export function writeNotices(root: string, node: string, packages: readonly string[], folder: string): void {
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(root, 'LICENSE'), join(folder, 'locket'))
  copyFileSync(join(node, 'LICENSE'), join(folder, 'node'))
  writeFileSync(join(folder, 'packages'), packages.map((path) => notice(join(root, path))).join('\n'))
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text =
    file === undefined
      ? `(no licence file; its package.json says ${license})`
      : readFileSync(join(folder, file), 'utf8')
  return `==== ${name} ${version} (${license})\n\n${text.trim()}\n`
}
