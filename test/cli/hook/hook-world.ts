import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { MAIN } from '../../support/program.ts'
import { execWorld, startProcess } from '../exec/exec-command.ts'
import { openTerminal, type Terminal } from '../terminal.ts'

/** The shells that have a hook, each with the files that it reads at its start and its command line. */
const SHELLS = {
  bash: {
    file: 'home/.bashrc',
    setup: `PS1='prompt> '\neval "$(locket hook bash)"\n`,
    line: (home: string) => `bash --noprofile --rcfile ${home}/.bashrc -i`,
  },
  zsh: {
    file: 'home/.zshrc',
    setup: `PS1='prompt> '\nunsetopt zle prompt_cr prompt_sp\neval "$(locket hook zsh)"\n`,
    line: () => 'zsh -d -i',
  },
  fish: {
    file: 'home/.config/fish/config.fish',
    setup: `function fish_prompt; echo -n 'prompt> '; end\nset -g fish_greeting\nlocket hook fish | source\n`,
    line: () => 'fish -i',
  },
} as const

type ShellName = keyof typeof SHELLS
export const SHELL_NAMES: readonly ShellName[] = ['bash', 'zsh', 'fish']

/** A home with `locket` on the PATH, and the folders `project/sub` and `elsewhere`. */
export async function hookWorld(t: TestContext, more: Readonly<Record<string, string>> = {}) {
  const world = await execWorld(t)
  const { folder, put } = world
  const home = join(folder, 'home')
  const program = await put('bin/locket', `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`)
  await chmod(program, 0o755)
  for (const name of ['project/sub', 'elsewhere']) await mkdir(join(folder, name), { recursive: true })
  const env = {
    ...world.env,
    PATH: `${folder}/bin:${world.env['PATH']}`,
    HOME: home,
    ZDOTDIR: home,
    XDG_CONFIG_HOME: `${home}/.config`,
    TERM: 'dumb',
    LOCKET_HOOK_TIMEOUT: '20s',
    ...more,
  }
  for (const { file, setup } of Object.values(SHELLS)) await put(file, setup)
  return {
    ...world,
    home,
    env,
    /** Opens a shell in the folder `elsewhere`, at its prompt. */
    open: async (name: ShellName): Promise<Terminal> => {
      const { line } = SHELLS[name]
      const terminal = openTerminal(t, line(home), { cwd: join(folder, 'elsewhere'), env })
      await terminal.shows(/prompt> /)
      return terminal
    },
    locket: async (cwd: string, ...args: readonly string[]) => {
      const running = startProcess([process.execPath, MAIN, ...args], { cwd: join(folder, cwd), env })
      running.process.stdin?.end()
      const { code, stdout, stderr } = await running.ended
      return { code, stdout, stderr: stderr.replaceAll(folder, 'FOLDER') }
    },
  }
}

/** Types a command line and waits until the terminal shows this. */
export async function says(terminal: Terminal, line: string, pattern: RegExp): Promise<void> {
  terminal.type(`${line}\r`)
  await terminal.shows(pattern)
}
