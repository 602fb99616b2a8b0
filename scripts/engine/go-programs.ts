import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { z } from 'zod'

import { succeed } from './command.ts'

export const CACHE = resolve(import.meta.dirname, '../../build/cache')

/** The version of Compose that `LOCKET_E2E_COMPOSE=go` builds. 5.7 needs a module that the proxy lacks. */
const COMPOSE = 'v5.6.0'

/** A program of a Go module: its name, the package to build, and the settings of the linker. */
interface Program {
  readonly name: string
  readonly source: string
  readonly link?: string
}

interface Module {
  readonly path: string
  readonly version: string
  readonly programs: readonly Program[]
  /** Tags of the build. The tag `seccomp` of runc needs the C library of that name. */
  readonly tags?: string
  readonly usesC?: boolean
}

/** An engine with nothing of Debian's: its containers have time namespaces, which runc knows since 1.2. */
const ENGINE: readonly Module[] = [
  {
    path: 'github.com/moby/moby/v2',
    version: 'v2.0.0-beta.24',
    programs: [
      {
        name: 'dockerd',
        source: './cmd/dockerd',
        link: '-X github.com/moby/moby/v2/dockerversion.Version=v2.0.0-beta.24',
      },
      { name: 'docker-proxy', source: './cmd/docker-proxy' },
    ],
  },
  {
    path: 'github.com/containerd/containerd/v2',
    version: 'v2.3.5',
    programs: [
      {
        name: 'containerd',
        source: './cmd/containerd',
        link: '-X github.com/containerd/containerd/v2/version.Version=v2.3.5',
      },
      { name: 'containerd-shim-runc-v2', source: './cmd/containerd-shim-runc-v2' },
    ],
  },
  {
    path: 'github.com/opencontainers/runc',
    version: 'v1.5.3',
    programs: [{ name: 'runc', source: '.', link: '-X main.version=1.5.3' }],
    tags: 'seccomp',
    usesC: true,
  },
]

/** The folder with the programs of the newest engine, built on first use, in some ten minutes. */
export async function goEngine(): Promise<string> {
  const [moby] = ENGINE
  return await builtOnce(`engine-${moby?.version}`, ENGINE)
}

/** The newest Compose that can be built, as one program. */
export async function goCompose(): Promise<string> {
  const folder = await builtOnce(`compose-${COMPOSE}`, [
    {
      path: 'github.com/docker/compose/v5',
      version: COMPOSE,
      programs: [
        {
          name: 'docker-compose',
          source: './cmd',
          link: `-X github.com/docker/compose/v5/internal.Version=${COMPOSE}`,
        },
      ],
    },
  ])
  return join(folder, 'docker-compose')
}

/** Builds the programs into a folder below build/cache, unless a run before did. */
async function builtOnce(name: string, modules: readonly Module[]): Promise<string> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  if (modules.some(({ usesC }) => usesC))
    await succeed(resolve(import.meta.dirname, '../debian-packages.sh'), [
      'gcc',
      'libc6-dev',
      'libseccomp-dev',
      'pkg-config',
    ])
  const work = join(CACHE, `${name}.${process.pid}`)
  await mkdir(join(work, 'bin'), { recursive: true })
  try {
    for (const module of modules) await buildModule(module, work)
    // The first one wins, because two test runs can do this at once.
    await rename(join(work, 'bin'), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

const Downloaded = z.object({ Dir: z.string() })

/** A module is built in a copy of its own: `go install` refuses modules that exclude or replace others. */
async function buildModule({ path, version, programs, tags, usesC }: Module, work: string): Promise<void> {
  process.stdout.write(`building ${path} ${version} with Go, for up to ten minutes\n`)
  const fetched = await succeed('go', ['mod', 'download', '-json', `${path}@${version}`], {
    cwd: work,
    timeoutMs: 300_000,
  })
  const source = join(work, 'source')
  await cp(Downloaded.parse(JSON.parse(fetched)).Dir, source, { recursive: true })
  await succeed('chmod', ['-R', 'u+w', source])
  const env = { ...process.env, CGO_ENABLED: usesC === true ? '1' : '0', GOFLAGS: '-mod=mod' }
  for (const { name, source: from, link = '' } of programs) {
    const args = [
      '-trimpath',
      '-tags',
      tags ?? '',
      '-ldflags',
      `-s -w ${link}`,
      '-o',
      join(work, 'bin', name),
    ]
    await succeed('go', ['build', ...args, from], { cwd: source, env, timeoutMs: 1_800_000 })
  }
  await rm(source, { recursive: true })
}
