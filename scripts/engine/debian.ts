import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { succeed } from './command.ts'
import { CACHE, goCompose, goEngine } from './go-programs.ts'

/**
 * `bookworm`: the installed docker.io of Debian, 20.10. `sid`: that of Debian's newest, 28.5 or later,
 * unpacked and not installed. `moby`: the newest that Go's modules have, 2.0, built on first use.
 */
export type EngineVersion = 'bookworm' | 'sid' | 'moby'

/** The engine of this run, from LOCKET_E2E_ENGINE. */
export function wantedEngine(): EngineVersion {
  const name = process.env['LOCKET_E2E_ENGINE'] ?? 'bookworm'
  if (name !== 'bookworm' && name !== 'sid' && name !== 'moby')
    throw new Error(`LOCKET_E2E_ENGINE: bookworm, sid or moby, not ${name}`)
  return name
}

const PACKAGES = ['docker.io', 'containerd', 'docker-cli', 'docker-compose', 'docker-buildx']

/**
 * PATH that makes the engine's own programs the first found. The engine of sid uses the installed runc,
 * because its own needs a newer libc. The engine of Go's modules uses the docker command of sid.
 */
export async function enginePath(version: EngineVersion): Promise<string> {
  const path = '/usr/bin:/usr/sbin:/bin:/sbin'
  if (version === 'bookworm') return path
  const root = await sidRoot()
  const sid = `${root}/usr/bin:${root}/usr/sbin:${path}`
  return version === 'sid' ? sid : `${await goEngine()}:${sid}`
}

/**
 * Compose, as one program: that of LOCKET_E2E_COMPOSE, or sid's. Bookworm has no Compose v2, so every engine
 * gets the same. The word `go` stands for the newest one that can be built from Go's modules.
 */
export async function composeProgram(): Promise<string> {
  const chosen = process.env['LOCKET_E2E_COMPOSE'] ?? ''
  if (chosen === 'go') return await goCompose()
  if (chosen !== '') return chosen
  return await debianPlugin('docker-compose')
}

/** A plugin of sid's docker command, as a program of its own: `docker-buildx`. */
export async function debianPlugin(name: string): Promise<string> {
  return join(await sidRoot(), 'usr/libexec/docker/cli-plugins', name)
}

/** sid's packages unpacked below build/cache; downloaded on first use. */
async function sidRoot(): Promise<string> {
  const root = join(CACHE, 'sid/root')
  if (existsSync(root)) return root
  const work = join(CACHE, `sid.${process.pid}`)
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await mkdir(join(work, 'root'))
  await writeFile(
    join(work, 'sid.sources'),
    `Types: deb\nURIs: ${await debianMirror()}\nSuites: sid\nComponents: main\n` +
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n',
  )
  const apt = [
    ['Dir::Etc::sourcelist', join(work, 'sid.sources')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', join(work, 'lists')],
    ['APT::Sandbox::User', 'root'],
    // A mirror may be a snapshot; signatures are checked all the same.
    ['Acquire::Check-Valid-Until', 'false'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await succeed('apt-get', ['-q', ...apt, 'update'], { timeoutMs: 180_000 })
  const wanted = PACKAGES.map((name) => `${name}/sid`)
  await succeed('apt-get', ['-q', ...apt, 'download', ...wanted], { cwd: work, timeoutMs: 300_000 })
  for (const file of await readdir(work)) {
    if (file.endsWith('.deb')) await succeed('dpkg', ['-x', join(work, file), join(work, 'root')])
  }
  await rm(join(work, 'lists'), { recursive: true })
  // The first one wins, because two test runs can do this at once.
  await mkdir(join(CACHE, 'sid'), { recursive: true })
  await rename(join(work, 'root'), root).catch((error: unknown) => {
    if (!existsSync(root)) throw error
  })
  await rm(work, { recursive: true })
  return root
}

/** The mirror that this machine gets Debian from: it has sid too. */
async function debianMirror(): Promise<string> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Component: main']
  const addresses = (await succeed('apt-get', ['indextargets', ...format])).split('\n')
  const mirror = addresses.find((address) => /\/debian\/?$/.test(address))
  if (mirror === undefined) throw new Error("no address that ends in /debian is among apt's sources")
  return mirror
}
