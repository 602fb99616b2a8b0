import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { HostFacts } from '../../core/ports/mounts.ts'
import { remappedIdsIn } from '../../core/volume/container-users.ts'

/**
 * Reads facts of the host. They are right inside a container too, because the kernel does not namespace them.
 */
export function openHostFacts(): HostFacts {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    remapped: remappedIdsIn(readFileSync('/proc/self/mountinfo', 'utf8')),
    uptimeMs: () => uptime() * 1000,
  }
}
