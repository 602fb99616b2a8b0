import { loadCommand } from '../config/load.ts'
import { folderMappingSection, hookSection } from '../config/mapping/section.ts'
import { nearest } from '../core/text/nearest.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'
import { HOOKED_SHELLS } from './hook/shells.ts'
import { answerHook } from './hook/variables.ts'
import { refuseTerminal } from './terminal/print-value.ts'

const SECTIONS = { hook: hookSection, mapping: folderMappingSection } as const

/** The command `locket hook`: the script of a shell, and the answers to it. */
export const command: Command = {
  usage: [
    'locket hook bash|zsh|fish',
    '',
    'Prints a script for the file that the shell reads at its start. In a folder with a mapping file that you',
    'have allowed, the shell then has its variables, and loses them when you leave the folder.',
    'Settings of providers come from the environment and from the file that LOCKET_CONFIG names.',
  ],
  example: `eval "$(locket hook bash)"      in ~/.bashrc; fish: locket hook fish | source`,
  sections: Object.values(SECTIONS),
  actions: new Map(Array.from(HOOKED_SHELLS.keys(), (name) => [name, { sections: Object.values(SECTIONS) }])),
  async run(context) {
    const [name = '', ...argv] = context.argv
    const shell = HOOKED_SHELLS.get(name)
    if (shell === undefined) throw wrongShell(name)
    const { env, isRoot, stdout } = context
    const { settings } = loadCommand({ name: `hook ${name}`, sections: SECTIONS, argv, env, isRoot })
    const { areVariables, seen, timeoutMs } = settings.hook
    if (!areVariables) {
      stdout.write(shell.script)
      return 0
    }
    refuseTerminal(stdout, 'the hook of the shell reads them')
    const { environment } = settings.mapping
    return await answerHook({ shell, seen, environment, timeoutMs }, context)
  },
}

function wrongShell(name: string): LocketError {
  const shells = [...HOOKED_SHELLS.keys()]
  const near = nearest(name, shells)
  return new LocketError('usage', `locket hook takes one of ${shells.join(', ')}`, {
    hint: near === undefined || near === name ? 'eval "$(locket hook bash)"' : `did you mean ${near}?`,
  })
}
