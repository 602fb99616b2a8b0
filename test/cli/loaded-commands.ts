import { COMMANDS } from '../../src/cli/index.ts'

/** Every command of the registry with its loaded file. */
export const LOADED = await Promise.all(
  COMMANDS.map(async (entry) => ({ ...entry, command: (await entry.load()).command })),
)
