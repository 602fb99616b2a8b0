import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/**
 * Makes the control groups of a sandbox, one in every hierarchy of v1, or the one of v2. The engine's
 * containers go there by `--cgroup-parent`, plugins because runc puts them beside or below its own group.
 * Gives the files to write `0` to, to go in.
 */
export function makeCgroups(tag: string): string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) {
    // In v2 a group with children of its own may hold no processes.
    const leaf = join(ROOT, tag, 'engine')
    mkdirSync(leaf, { recursive: true })
    return [join(leaf, 'cgroup.procs')]
  }
  return subdirectories(ROOT).map((hierarchy) => {
    const group = join(hierarchy, tag)
    mkdirSync(group)
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      if (existsSync(join(group, name))) writeFileSync(join(group, name), readFileSync(join(hierarchy, name)))
    }
    return join(group, 'cgroup.procs')
  })
}

/** Removes the control groups of a sandbox, trying for `patienceMs`. True when none is left. */
export function sweepCgroups(tag: string, patienceMs: number): boolean {
  const end = performance.now() + patienceMs
  for (;;) {
    for (const group of groupsOf(tag)) removeTree(group)
    if (groupsOf(tag).length === 0) return true
    if (performance.now() >= end) return false
    // In an exit handler nothing else can wait.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
}

/** Removes what test runs that were killed with SIGKILL left. */
export function sweepDeadCgroups(): void {
  for (const group of allGroups()) {
    const pid = /locket-e2e-(\d+)-\d+$/.exec(group)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeTree(group)
  }
}

export function groupsOf(tag: string): string[] {
  return allGroups().filter((group) => group.endsWith(`/${tag}`))
}

function allGroups(): string[] {
  return [ROOT, ...subdirectories(ROOT)]
    .flatMap(subdirectories)
    .filter((path) => path.includes('/locket-e2e-'))
}

function removeTree(group: string): void {
  for (const child of subdirectories(group)) removeTree(child)
  try {
    rmdirSync(group)
  } catch {
    // Busy while a process dies: the caller looks again.
  }
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name))
  } catch {
    return []
  }
}
