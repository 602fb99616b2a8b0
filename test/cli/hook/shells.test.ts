import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PASSWORD, TOKEN } from '../exec/exec-command.ts'
import { hookWorld, says, SHELL_NAMES } from './hook-world.ts'

const MAPPING = `[secrets]
DB_PASSWORD = "{{ local://db/password }}"
OLD = "{{ local://api/token }}"
KEPT = "{{ local://api/token }}"
`
/** Prints the variables as a child of the shell has them. */
const SHOW = `sh -c 'echo "out=\${DB_PASSWORD-none},\${OLD-none},\${KEPT-none}."'`
const BEFORE = /out=none,old value,none\./
const INSIDE = new RegExp(`out=${PASSWORD},${TOKEN},${TOKEN}\\.`)

/** How each shell sets an exported variable, and one that children do not get. */
const SET = {
  bash: `export OLD='old value'; KEPT='kept value'`,
  zsh: `export OLD='old value'; KEPT='kept value'`,
  fish: `set -gx OLD 'old value'; set -g KEPT 'kept value'`,
} as const

for (const name of SHELL_NAMES) {
  test(`${name}: variables come with the folder, go with it, and what was before is back`, async (t) => {
    const { folder, put, open } = await hookWorld(t)
    const file = await put('project/locket.toml', MAPPING)
    const shell = await open(name)
    await says(shell, SET[name], /prompt> /)
    await says(shell, 'cd ../project', /locket\.toml is not allowed yet, and sets nothing \(read it/)
    await says(shell, SHOW, BEFORE)
    await says(shell, 'locket allow', /allowed \S+\/locket\.toml: DB_PASSWORD, OLD, KEPT/)
    await says(shell, SHOW, INSIDE)
    assert.equal([...shell.screen().matchAll(/is not allowed yet/g)].length, 1)
    await says(shell, 'cd sub', /prompt> /)
    await says(shell, SHOW, INSIDE)
    await says(shell, 'cd ../../elsewhere', /prompt> /)
    await says(shell, SHOW, BEFORE)
    await says(shell, 'echo "kept=$KEPT."', /kept=kept value\./)
    await says(shell, 'cd ../project', /locket: 3 variables of /)
    await says(shell, SHOW, INSIDE)
    await appendFile(file, '\n# changed\n')
    await says(shell, 'true', /has changed since it was allowed, and sets nothing/)
    await says(shell, SHOW, BEFORE)
    await says(shell, 'locket allow', /allowed /)
    await says(shell, SHOW, INSIDE)
    await says(shell, 'locket deny', /denied /)
    await says(shell, SHOW, BEFORE)
    assert.equal([...shell.screen().matchAll(/locket: /g)].length, 5, shell.screen())
    assert.ok(file.startsWith(join(folder, 'project')))
  })

  test(`${name}: a shell in the shell loses the variables too when it leaves the folder`, async (t) => {
    const { folder, put, open, locket } = await hookWorld(t)
    await put('project/locket.toml', MAPPING)
    assert.equal((await locket('project', 'allow')).code, 0)
    const shell = await open(name)
    await says(shell, 'cd ../project', /locket: 3 variables of /)
    const inner = { bash: 'bash --noprofile --rcfile $HOME/.bashrc -i', zsh: 'zsh -d -i', fish: 'fish -i' }
    await says(shell, inner[name], /locket: 3 variables of /)
    await says(shell, SHOW, INSIDE)
    await says(shell, `cd ${folder}`, /prompt> /)
    await says(shell, SHOW, /out=none,none,none\./)
  })

  test(`${name}: a trace of the shell shows no value, and $? is that of the command before`, async (t) => {
    const { put, open, locket } = await hookWorld(t)
    await put('project/locket.toml', MAPPING)
    await locket('project', 'allow')
    const shell = await open(name)
    await says(shell, name === 'fish' ? 'set fish_trace 1' : 'set -xv', /prompt> /)
    await says(shell, 'cd ../project', /locket: 3 variables of /)
    await says(shell, 'sh -c "exit 7"', /prompt> /)
    await says(shell, name === 'fish' ? 'echo code=$status.' : 'echo code=$?.', /code=7\.\r?\n/)
    await says(shell, 'cd ..', /prompt> /)
    await says(shell, 'echo done=$HOME.', /done=\/.*\./)
    assert.ok(!shell.screen().includes(PASSWORD) && !shell.screen().includes(TOKEN), 'the trace has a value')
  })
}
