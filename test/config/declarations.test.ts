import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { optionsPage } from '../../scripts/generated/reference.ts'
import { LOADED } from '../cli/loaded-commands.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { flagText } from '../../src/config/describe/describe.ts'
import { flagNames } from '../../src/config/layers/flags.ts'
import { loadVolume } from './load-volume.ts'
import { fieldKind, fieldsOf } from '../../src/settings/field.ts'

const FIELDS = fieldsOf(VOLUME_SECTIONS)
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('no two settings share a name or a variable', () => {
  for (const names of [FIELDS.flatMap(flagNames), FIELDS.flatMap((field) => field.env ?? [])]) {
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  }
})

test('names are of one form, defaults are valid, and what needs a credential names one', () => {
  const credentials = FIELDS.filter((field) => field.credential === true)
  for (const field of FIELDS) {
    for (const name of flagNames(field)) assert.match(name, /^[a-z][a-z0-9-]*[a-z0-9]$/)
    assert.doesNotMatch(field.name, /^no-/)
    assert.match(field.env ?? 'X', /^[A-Z][A-Z0-9_]*$/)
    assert.match(field.summary, /^[a-z/SLI`].*[^.]$/, field.name)
    if (field.default !== undefined) assert.ok(field.schema.safeParse(field.default).success, field.name)
    if (fieldKind(field) === 'switch') assert.equal(field.default, 'false', field.name)
    for (const name of field.needsCredential ?? [])
      assert.ok(
        credentials.some((it) => it.name === name),
        name,
      )
    if (field.placeholder === 'URL')
      assert.ok(field.needsCredential !== undefined, `${field.name} is an address`)
  }
})

test('the reference has every flag of every command, with its variable', () => {
  const page = optionsPage()
  for (const { name, command } of LOADED) {
    const { sections, more = [] } = command
    for (const field of fieldsOf([...sections, ...more])) {
      assert.ok(page.includes(`| \`${flagText(field).replaceAll('|', '\\|')}\` |`), `${name} --${field.name}`)
      if (field.env !== undefined) assert.ok(page.includes(`\`${field.env}\``), field.env)
    }
    if (sections.length > 0) assert.match(page, new RegExp(`^## \`locket ${name}\`$`, 'm'))
  }
})

test('the sample configuration names every setting, and all of them load when their # is removed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'locket-sample-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const sample = read('plugin/locket.toml')
  const path = join(folder, 'locket.toml')
  const load = (text: string) => {
    writeFileSync(path, text)
    return loadVolume(['--config', path], {}).daemon
  }
  assert.equal(load(sample).stateDir, '/var/lib/locket')
  const { files, written } = load(sample.replaceAll(/^#(?=[a-z[])/gm, '')).volumeConfig({})
  assert.deepEqual([files[0]?.name, written.owner?.uid], ['NAME', 1000])
  for (const field of FIELDS.filter((it) => it.toml !== false))
    assert.match(sample, new RegExp(`^#${field.name} = `, 'm'))
})

test('in the manifest all variables but its own paths can be set, and none has a value', () => {
  const manifest = JSON.parse(read('config.json'))
  const names: string[] = manifest.env.map((it: { name: string }) => it.name)
  const paths = ['LOCKET_PLUGIN_SOCKET', 'LOCKET_PLUGIN_RUNTIME_DIR', 'LOCKET_PLUGIN_STATE_DIR']
  const fixed = [...paths, 'LOCKET_DOCKER_SOCKET']
  const wanted = FIELDS.flatMap((field) => field.env ?? []).filter((name) => !fixed.includes(name))
  assert.deepEqual(
    fixed.filter((name) => names.includes(name)),
    [],
  )
  const others = [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
    'NODE_EXTRA_CA_CERTS',
    'OP_CONNECT_TOKEN_FILE',
  ]
  for (const name of [...wanted, ...others]) assert.ok(names.includes(name), name)
  assert.equal(new Set(names).size, names.length)
  for (const entry of manifest.env) assert.deepEqual([entry.settable, 'value' in entry], [['value'], false])
  assert.deepEqual(manifest.linux, { capabilities: ['CAP_SYS_ADMIN'] })
  assert.deepEqual(manifest.entrypoint, ['/locket/bin/locket', 'volume', '--managed'])
  const mounts = manifest.mounts.map((it: { source: string; destination: string }) => [
    it.source,
    it.destination,
  ])
  assert.deepEqual(mounts, [
    ['/sys/module', '/etc/locket'],
    ['/dev/null', '/run/docker-engine.sock'],
  ])
})
