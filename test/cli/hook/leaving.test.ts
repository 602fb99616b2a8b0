import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD, TOKEN } from '../exec/exec-command.ts'
import { hookWorld, says, SHELL_NAMES } from './hook-world.ts'

const MAPPING = '[secrets]\nDB_PASSWORD = "{{ local://db/password }}"\nOLD = "{{ local://api/token }}"\n'
const SHOW = `sh -c 'echo "out=\${DB_PASSWORD-none},\${OLD-none}."'`
const SET = { bash: `export OLD='before'`, zsh: `export OLD='before'`, fish: `set -gx OLD 'before'` }
const WRONG = {
  bash: 'export LOCKET_HOOK_TIMEOUT=wrong',
  zsh: 'export LOCKET_HOOK_TIMEOUT=wrong',
  fish: 'set -gx LOCKET_HOOK_TIMEOUT wrong',
}

for (const name of SHELL_NAMES) {
  test(`${name}: the providers of a folder do not get the variables of the folder before`, async (t) => {
    const { put, open, locket } = await hookWorld(t, { LOCKET_ENV_PROVIDER: 'true' })
    await put('project/locket.toml', MAPPING)
    await put('elsewhere/locket.toml', '[secrets]\nGOT = "{{ env://OLD }}"\nB = "{{ env://DB_PASSWORD }}"\n')
    for (const folder of ['project', 'elsewhere']) assert.equal((await locket(folder, 'allow')).code, 0)
    const shell = await open(name)
    await says(shell, SET[name], /prompt> /)
    await says(shell, 'cd ../project', /locket: 2 variables of /)
    await says(shell, SHOW, new RegExp(`out=${PASSWORD},${TOKEN}\\.`))
    await says(shell, 'cd ../elsewhere', /env:\/\/DB_PASSWORD: env: there is no variable DB_PASSWORD/)
    await says(shell, SHOW, /out=none,before\./)
    await put('elsewhere/locket.toml', '[secrets]\nGOT = "{{ env://OLD }}"\n')
    await locket('elsewhere', 'allow')
    await says(shell, 'cd ../project', /locket: 2 variables of /)
    await says(shell, 'cd ../elsewhere', /locket: 1 variable of /)
    await says(shell, 'sh -c \'echo "got=$GOT."\'', /got=before\./)
  })

  test(`${name}: the variables are gone too when locket cannot answer, and come back`, async (t) => {
    const { put, open, locket } = await hookWorld(t)
    await put('project/locket.toml', MAPPING)
    assert.equal((await locket('project', 'allow')).code, 0)
    const shell = await open(name)
    await says(shell, SET[name], /prompt> /)
    await says(shell, 'cd ../project', /locket: 2 variables of /)
    await says(shell, WRONG[name], /LOCKET_HOOK_TIMEOUT/)
    await says(shell, 'cd ../elsewhere', /prompt> /)
    await says(shell, SHOW, /out=none,before\./)
    await says(shell, 'cd ../project/sub', /prompt> /)
    await says(
      shell,
      name === 'fish' ? 'set -e LOCKET_HOOK_TIMEOUT' : 'unset LOCKET_HOOK_TIMEOUT',
      /prompt> /,
    )
    await says(shell, SHOW, new RegExp(`out=${PASSWORD},${TOKEN}\\.`))
  })
}

test('bash, zsh: a value does not run in a variable that was an integer, and lists come back', async (t) => {
  const value = 'a[$(touch $HOME/ran)0]'
  for (const name of ['bash', 'zsh'] as const) {
    const { put, open, locket } = await hookWorld(t, { LOCKET_ENV_PROVIDER: 'true', ODD: value })
    await put('project/locket.toml', '[secrets]\nNUMBER = "{{ env://ODD }}"\nLIST = "{{ env://ODD }}"\n')
    assert.equal((await locket('project', 'allow')).code, 0)
    const shell = await open(name)
    await says(shell, `typeset -i NUMBER=40; LIST=(a 'b  c')`, /prompt> /)
    await says(shell, 'cd ../project', /locket: 2 variables of /)
    await says(
      shell,
      'echo "number=$NUMBER." list="$LIST."',
      /number=a\[\$\(touch \$HOME\/ran\)0\]\. list=a\[\$/,
    )
    await says(shell, 'test -e $HOME/ran || echo no$((1))ne', /no1ne/)
    await says(shell, 'cd ..; echo left', /left\r?\n/)
    await says(shell, 'NUMBER+=2; echo "sum=$NUMBER ${#LIST[@]}:${LIST[*]}."', /sum=42 2:a b {2}c\./)
  }
})
