import type { DaemonConfig } from '../../config/volume/volume-config.ts'

/** The socket of an engine, where nobody has named another one. */
const USUAL = '/var/run/docker.sock'

/** Returns the socket of the engine on this machine. */
export function engineSocket({ dockerSocket }: Pick<DaemonConfig, 'dockerSocket'>): string {
  return dockerSocket ?? USUAL
}
