import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fieldKind, type Field } from '../../src/settings/field.ts'

/** A public name, as users have it in their files, two values of it, and where its effect can be seen. */
export interface CommandRow<Loaded> {
  readonly flag: string
  readonly env: string
  readonly texts: readonly [string, string]
  readonly seen: readonly [unknown, unknown]
  readonly byDefault: unknown
  readonly read: (loaded: Loaded) => unknown
  /** Flags that this setting cannot stand without. */
  readonly alongside: readonly string[]
}

export function row<Loaded>(
  flag: string,
  env: string,
  texts: CommandRow<Loaded>['texts'],
  seen: CommandRow<Loaded>['seen'],
  byDefault: unknown,
  read: CommandRow<Loaded>['read'],
  alongside: CommandRow<Loaded>['alongside'] = [],
): CommandRow<Loaded> {
  return { flag, env, texts, seen, byDefault, read, alongside }
}

/**
 * Tests of every setting of one command: its default, and each source over those below it. `command` is its
 * table in TOML too.
 */
export function testEachSetting<Loaded>(
  command: string,
  fields: readonly Field[],
  rows: readonly CommandRow<Loaded>[],
  load: (argv: readonly string[], env: Record<string, string>) => Loaded,
): void {
  const folder = mkdtempSync(join(tmpdir(), `locket-${command}-settings-`))
  after(() => rmSync(folder, { recursive: true }))

  test(`every setting of ${command} has a row here, and every row a setting`, () => {
    const names = ({ name, env }: Field) => `${name} ${env}`
    assert.deepEqual(rows.map(({ flag, env }) => `${flag} ${env}`).toSorted(), fields.map(names).toSorted())
  })

  for (const { flag, env, texts, seen, byDefault, read, alongside } of rows) {
    test(`${flag}: its default, and TOML below ${env} below the flag`, () => {
      const [first, second] = texts
      assert.deepEqual(read(load([], {})), byDefault)
      const file = [...alongside, '--config', toml(flag, first)]
      assert.deepEqual(read(load(file, {})), seen[0])
      assert.deepEqual(read(load(file, { [env]: second })), seen[1])
      assert.deepEqual(read(load([...file, `--${flag}=${first}`], { [env]: second })), seen[0])
      assert.deepEqual(read(load([...alongside, `--${flag}=${second}`], {})), seen[1])
    })
  }

  function toml(name: string, text: string): string {
    const field = fields.find((candidate) => candidate.name === name)
    const value = field !== undefined && fieldKind(field) === 'list' ? [text] : text
    const path = join(folder, `${name}.toml`)
    writeFileSync(path, `[${command}]\n${name} = ${JSON.stringify(value)}\n`)
    return path
  }
}
