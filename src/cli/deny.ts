import { loadCommand } from '../config/load.ts'
import { onOneLine } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'
import { chosenMapping, keepVerdict } from './hook/verdict.ts'

/** The command `locket deny`: the mapping file of a folder sets nothing there, and is not asked about. */
export const command: Command = {
  usage: [
    'locket deny [FOLDER | FILE]',
    '',
    'Keeps the hook of your shell from the mapping file of this folder, whatever its content will be. The hook',
    'does not mention the file any more. `locket allow` takes it back.',
  ],
  example: 'locket deny',
  sections: [],
  takes: 'files',
  async run(context) {
    const { argv, env, isRoot, stderr, calledAt } = context
    const { positionals } = loadCommand({
      name: 'deny',
      sections: {},
      argv,
      env,
      isRoot,
      positionals: ['[PATH]'],
    })
    const found = chosenMapping(positionals[0], context)
    await keepVerdict(found, 'denied', calledAt)
    stderr.write(`denied ${onOneLine(found.path)}\n`)
    return 0
  },
}
