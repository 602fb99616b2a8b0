import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { HostFacts } from '../../core/ports/mounts.ts'

/** Of the host, also from inside a container: neither is namespaced there. */
export function openHostFacts(): HostFacts {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    uptimeMs: () => uptime() * 1000,
  }
}
