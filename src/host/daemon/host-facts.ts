import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { HostFacts } from '../../core/ports/mounts.ts'
import { remappedIdsIn } from '../../core/volume/container-users.ts'

/** Of the host, also from inside a container: neither is namespaced there. */
export function openHostFacts(): HostFacts {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    remapped: remappedIdsIn(readFileSync('/proc/self/mountinfo', 'utf8')),
    uptimeMs: () => uptime() * 1000,
  }
}
