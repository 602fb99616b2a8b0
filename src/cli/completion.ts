import { nearest } from '../core/text/nearest.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { bashScript } from './completion/bash.ts'
import { completedCommands, type CompletedCommand } from './completion/commands.ts'
import { fishScript } from './completion/fish.ts'
import { zshScript } from './completion/zsh.ts'
import type { Command } from './define.ts'

const SCRIPTS: ReadonlyMap<string, (commands: readonly CompletedCommand[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

/** The command `locket completion`, which prints the completion script of a shell. */
export const command: Command = {
  usage: ['locket completion bash|zsh|fish'],
  example: 'source <(locket completion bash)',
  sections: [],
  actions: new Map(Array.from(SCRIPTS.keys(), (shell) => [shell, { sections: [] }])),
  async run({ argv, stdout, commands }) {
    const [shell = '', ...others] = argv
    const script = SCRIPTS.get(shell)
    if (script === undefined || others.length > 0) throw wrongShell(shell)
    stdout.write(script(await completedCommands(commands)))
    return 0
  },
}

function wrongShell(name: string): LocketError {
  const shells = [...SCRIPTS.keys()]
  const near = nearest(name, shells)
  return new LocketError('usage', `locket completion takes one of ${shells.join(', ')}`, {
    hint: near === undefined || near === name ? 'source <(locket completion bash)' : `did you mean ${near}?`,
  })
}
