import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly integrity: string } | undefined>
  >
}

/**
 * The folder of an npm package at the version that package-lock.json pins. A package for another processor,
 * which npm leaves out, is fetched into `cache` and must have the pinned checksum.
 */
export function packageFolder(root: string, cache: string, name: string): string {
  const installed = join(root, 'node_modules', name)
  if (existsSync(installed)) return installed
  const lock: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const pinned = lock.packages[`node_modules/${name}`]
  if (pinned === undefined) throw new Error(`package-lock.json does not pin ${name}`)
  const stem = `${name.replace('@', '').replace('/', '-')}-${pinned.version}`
  const folder = join(cache, stem)
  if (!existsSync(folder))
    download(folder, cache, `${name}@${pinned.version}`, join(cache, `${stem}.tgz`), pinned.integrity)
  return folder
}

function download(folder: string, cache: string, spec: string, archive: string, integrity: string): void {
  mkdirSync(cache, { recursive: true })
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', cache, spec])
  const sum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (sum !== integrity)
    throw new Error(`${spec}: the archive's checksum is not the one in package-lock.json`)
  const unpacking = `${folder}.part`
  rmSync(unpacking, { recursive: true, force: true })
  mkdirSync(unpacking)
  run('tar', ['-xzf', archive, '-C', unpacking, '--strip-components=1'])
  run('mv', [unpacking, folder])
}

/** Throws unless the bytes have the sha512 checksum that package-lock.json gives. */
export function checkIntegrity(bytes: Uint8Array, integrity: string, what: string): void {
  const sum = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (sum !== integrity) throw new Error(`${what}: the checksum is not the one in package-lock.json`)
}

/** Runs a program to its end, its output shown; throws unless it succeeds. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const { status, signal, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? signal ?? `exit code ${status}`}`)
}
