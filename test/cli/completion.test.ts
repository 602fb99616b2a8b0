import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { bashScript } from '../../src/cli/completion/bash.ts'
import { completedCommands, type CompletedCommand } from '../../src/cli/completion/commands.ts'
import { fishScript } from '../../src/cli/completion/fish.ts'
import { zshScript } from '../../src/cli/completion/zsh.ts'
import { COMMANDS } from '../../src/cli/index.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { flagWords } from '../../src/config/describe/flag-words.ts'
import { field, section, fieldsOf } from '../../src/settings/field.ts'
import { Switch } from '../../src/settings/kinds.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { MAIN } from '../support/program.ts'

/** `make test` installs the shells that a machine lacks. */
const lacks = (shell: string): string | false =>
  spawnSync(shell, ['--version']).error === undefined ? false : `no ${shell} here`

/** Every command that is there, and one like `exec`. */
const RUNS: CompletedCommand = {
  name: 'runs',
  summary: "someone's command: with a [bracket]",
  flags: [{ names: ['--env', '-e'], summary: 'a variable', isList: true, value: 'any', placeholder: 'NAME' }],
  actions: [],
  takes: 'command',
}
const COMPLETED = await completedCommands(COMMANDS)
const ALL = [...COMPLETED, RUNS]

/** The typed text, and the words that a shell must offer: exactly these, unless it can offer more. */
const CASES: readonly (readonly [words: string, offered: readonly string[], hasMore?: 'and more'])[] = [
  ['locket volu', ['volume', 'volumes']],
  ['locket heal', ['healthcheck']],
  ['locket secret ro', ['rotate-key']],
  ['locket secret set --t', ['--trim']],
  ['locket secret list --n', ['--names']],
  ['locket secret list --tr', []],
  ['locket secret set --file b', ['b.env']],
  ['locket secret import b', ['b.env']],
  ['locket secret get b', []],
  ['locket volume --log-level de', ['debug']],
  ['locket volume --log-level debug --loc', ['--local-file', '--local-key']],
  ['locket volume --state-dir ', ['sub/']],
  ['locket volume --size ', []],
  ['locket check --format ', ['text', 'table', 'json']],
  ['locket check --sock', ['--socket']],
  ['locket check b', ['b.env']],
  ['locket help che', ['check']],
  ['locket completion z', ['zsh']],
  ['locket runs -- mkfif', ['mkfifo']],
  ['locket runs -e x -- mkfifo --', [], 'and more'],
  ['locket nonsense ', []],
]

test('every flag and command is in the words to complete', () => {
  assert.deepEqual(
    COMPLETED.map(({ name }) => name),
    [...COMMANDS.map(({ name }) => name), 'help'],
  )
  const volume = ALL.find(({ name }) => name === 'volume')
  const names = volume?.flags.flatMap((flag) => flag.names) ?? []
  for (const field of fieldsOf(VOLUME_SECTIONS)) assert.ok(names.includes(`--${field.name}`), field.name)
})

test('a switch that is on at times can be turned off', () => {
  const words = (fallback?: 'true' | 'false') => {
    const declared = { name: 'loud', kind: 'switch', schema: Switch, summary: 'say it' } as const
    return flagWords([
      section('x', 'X', { loud: field({ ...declared, ...(fallback && { default: fallback }) }) }),
    ])
  }
  const on = ['--loud', '--no-loud']
  assert.deepEqual(
    [words('true'), words(), words('false')].map((all) => all.flatMap(({ names }) => names)),
    [on, on, ['--loud']],
  )
})

test('each shell gets its script, and takes it without a word', async (t) => {
  const dir = await temporaryFolder(t)
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = join(dir, shell)
    writeFileSync(script, execFileSync(process.execPath, [MAIN, 'completion', shell]))
    if (lacks(shell) !== false) continue
    const check = spawnSync(shell, ['-n', script], { encoding: 'utf8' })
    assert.deepEqual([check.status, check.stdout, check.stderr], [0, '', ''], shell)
  }
})

test('bash completes', async (t) => {
  const dir = await folderOfFiles(t)
  writeFileSync(join(dir, '../bash'), bashScript(ALL))
  const program = `source ../bash
    while IFS= read -r line; do
      eval "COMP_WORDS=(\${line%% } \${line:+"$([[ $line == *' ' ]] && echo "''")"})"
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=()
      _locket
      for word in "\${COMPREPLY[@]}"; do if [[ -d $word ]]; then echo "$word/"; else echo "$word"; fi; done
      echo .
    done`
  const ran = spawnSync('bash', ['--norc', '-c', program], {
    cwd: dir,
    encoding: 'utf8',
    input: typedLines(),
  })
  assert.equal(ran.stderr, '')
  compare(ran.stdout)
})

test('fish completes', { skip: lacks('fish') }, async (t) => {
  const dir = await folderOfFiles(t)
  writeFileSync(join(dir, '../fish'), fishScript(ALL))
  const program = `source ../fish
    while read -l --delimiter \\n line
      complete -C "$line" | string replace -r '\\t.*' ''
      echo .
    end`
  const env = { PATH: process.env['PATH'], HOME: dir, LANG: 'C.UTF-8' }
  const ran = spawnSync('fish', ['--no-config', '-c', program], {
    cwd: dir,
    env,
    encoding: 'utf8',
    input: typedLines(),
  })
  assert.equal(ran.stderr, '')
  compare(ran.stdout)
})

for (const [shell, start] of [
  ['bash', "PS1='> '; bind 'set enable-bracketed-paste off'; source ../bash"],
  ['zsh', "autoload -U compinit; compinit -u -D; PS1='> '; source ../zsh"],
] as const) {
  test(`${shell} completes while somebody types`, { skip: lacks(shell), timeout: 60_000 }, async (t) => {
    const dir = await folderOfFiles(t)
    writeFileSync(join(dir, '../bash'), bashScript(ALL))
    writeFileSync(join(dir, '../zsh'), zshScript(ALL))
    const terminal = openTerminal(t, shell === 'bash' ? 'bash --norc -i' : 'zsh -f -i', dir)
    terminal.type(`${start}; echo rea''dy\n`)
    await terminal.shows('ready')
    for (const [words, offered, hasMore] of CASES) {
      const [only] = offered
      if (offered.length !== 1 || only === undefined || hasMore !== undefined || only.endsWith('/')) continue
      const typed = words.slice(words.lastIndexOf(' ') + 1)
      terminal.type(`${words}\t`)
      // A flag that takes a value is completed with the equals sign by zsh.
      await terminal.shows(`${words.slice(0, words.length - typed.length)}${only}`)
      terminal.type('\u0015')
    }
    terminal.type('locket volume --log-level=de\t')
    await terminal.shows('--log-level=debug')
    terminal.type('\u0015')
  })
}

/** Beside the scripts, so that these are not offered. */
async function folderOfFiles(t: TestContext): Promise<string> {
  const dir = join(await temporaryFolder(t), 'work')
  mkdirSync(join(dir, 'sub'), { recursive: true })
  writeFileSync(join(dir, 'b.env'), '')
  return dir
}

function typedLines(): string {
  return CASES.map(([words]) => `${words}\n`).join('')
}

/** A line per word that was offered, and a dot after each case. */
function compare(output: string): void {
  const blocks = output.split(/^\.\n/m)
  for (const [index, [words, offered, hasMore]] of CASES.entries()) {
    // bash offers a program once for each folder of PATH that has it.
    const lines = [...new Set((blocks[index] ?? 'nothing').split('\n'))].filter((line) => line !== '')
    if (hasMore === undefined) assert.deepEqual(lines.toSorted(), offered.toSorted(), words)
    else for (const word of offered) assert.ok(lines.includes(word), `${words}: ${word}`)
  }
  assert.equal(blocks.length, CASES.length + 1)
}

/** A shell on a pseudo terminal. */
function openTerminal(t: TestContext, command: string, cwd: string) {
  const env = { PATH: process.env['PATH'], HOME: cwd, TERM: 'dumb', LANG: 'C.UTF-8' }
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  t.after(() => child.kill())
  let screen = ''
  let look: () => void = () => undefined
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    look()
  })
  return {
    type: (text: string) => void child.stdin.write(text),
    /** Waits until the text is on the screen, and skips the output before it. */
    async shows(text: string): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const limit = setTimeout(
        () => reject(new Error(`no ${text} on the screen: ${screen.slice(-400)}`)),
        10_000,
      )
      look = () => {
        if (!screen.includes(text)) return
        screen = screen.slice(screen.indexOf(text) + text.length)
        resolve()
      }
      look()
      await promise
      clearTimeout(limit)
    },
  }
}
