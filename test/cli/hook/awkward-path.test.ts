import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hookWorld } from './hook-world.ts'

test('the name of a folder does not write to the terminal, whichever command names it', async (t) => {
  const { put, locket } = await hookWorld(t)
  const name = `ev\nil\u001b[31m'$(touch ran)"`
  await put(`${name}/locket.toml`, '[secrets]\nA = "{{ local://db/password }}"\n')
  const calls = [
    ['hook', 'bash', '--variables'],
    ['allow'],
    ['hook', 'bash', '--variables'],
    ['deny'],
    ['mapping', 'validate'],
    ['mapping', 'add', 'B', 'local://api/token'],
  ]
  for (const words of calls) {
    const { stdout, stderr } = await locket(name, ...words)
    const line =
      `${stdout}${stderr}`.split('\n').find((it) => it.includes('FOLDER')) ?? stdout.split('\n')[0] ?? ''
    assert.match(line, /ev\?il\?\[31m'\$\(touch ran\)"\/locket\.toml/, words.join(' '))
  }
})
