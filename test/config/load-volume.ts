import { TABLES } from '../../src/cli/index.ts'
import { loadVolumeCommand } from '../../src/config/load.ts'

export type LoadedVolume = ReturnType<typeof loadVolumeCommand>

/**
 * Loads the settings of `locket volume` as `run.ts` does. `managedConfig`: the configuration file of a
 * managed plugin.
 */
export function loadVolume(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  managedConfig?: string,
): LoadedVolume {
  return loadVolumeCommand({ argv, env, tables: TABLES, managedConfig })
}
