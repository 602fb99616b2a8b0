import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { OutputTemplate } from '../../src/app/recipe/outputs.ts'
import { openPlaces, type PlacesRules } from '../../src/app/sinks/places.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { openPlacedFiles } from '../../src/host/files/placed-files.ts'
import { openSourceTrees } from '../../src/host/sources/source-trees.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A sink below a folder of its own. `put` takes texts by path; a path that ends in `?` lacks a secret. */
async function placing(t: TestContext, rules: Partial<PlacesRules> = {}) {
  const folder = await temporaryFolder(t)
  const places = openPlaces(
    { placing: { fileMode: 0o600, dirMode: 0o700 }, existing: 'replace', owns: 'written', ...rules },
    { placed: openPlacedFiles(), trees: openSourceTrees() },
  )
  const short = (paths: readonly string[]) => paths.map((path) => path.slice(folder.length + 1)).toSorted()
  return {
    folder,
    places,
    put: async (texts: Readonly<Record<string, string>>) => {
      const templates = Object.keys(texts).map((name) => output(folder, name))
      const contents = new Map(
        templates.map((template) => [template, Secret.fromText(texts[template.origin] ?? '')] as const),
      )
      const incomplete = new Set(templates.filter(({ origin }) => origin.endsWith('?')))
      const rendered = { templates, contents, incomplete, unresolved: undefined, wipe: () => undefined }
      const { changed, made, gone } = await places.put(templates, rendered)
      return { changed: short(changed), made: short(made), gone: short(gone) }
    },
    files: () => short(places.files()),
    text: (path: string) => readFile(join(folder, path), 'utf8'),
    inode: async (path: string) => (await stat(join(folder, path))).ino,
  }
}

function output(folder: string, name: string): OutputTemplate {
  const path = name.replace('?', '')
  return {
    folder,
    path,
    target: join(folder, path),
    source: { kind: 'inline', template: '' },
    origin: name,
    template: { segments: [], refs: [], warnings: [] },
  }
}

test('a delivery answers what changed, was made and is gone; equal files keep their inode', async (t) => {
  const { put, text, inode, folder } = await placing(t)
  assert.deepEqual(await put({ a: '1', b: '2', 'd/c': '3' }), {
    changed: [],
    made: ['a', 'b', 'd/c'],
    gone: [],
  })
  const before = await inode('b')
  assert.deepEqual(await put({ a: 'one', b: '2', e: '4' }), { changed: ['a'], made: ['e'], gone: ['d/c'] })
  assert.equal(await inode('b'), before)
  assert.equal(await text('a'), 'one')
  assert.deepEqual(await put({ a: 'one', b: '2', e: '4' }), { changed: [], made: [], gone: [] })
  assert.deepEqual((await readdir(folder)).toSorted(), ['a', 'b', 'e'])
})

test('a sink that owns what it made leaves the files of others, also at the end', async (t) => {
  const { put, places, folder } = await placing(t, { owns: 'made' })
  await writeFile(join(folder, 'theirs'), 'before')
  assert.deepEqual(await put({ theirs: 'x', mine: 'y' }), { changed: ['theirs'], made: ['mine'], gone: [] })
  assert.deepEqual((await put({ mine: 'y' })).gone, [])
  await places.clear()
  assert.deepEqual(await readdir(folder), ['theirs'])
})

test('a sink that owns what it wrote removes what it replaced too', async (t) => {
  const { put, places, folder } = await placing(t)
  await writeFile(join(folder, 'old'), 'of an earlier run')
  await put({ old: 'x', 'd/e': 'y' })
  assert.deepEqual((await put({ 'd/e': 'y' })).gone, ['old'])
  await places.clear()
  assert.deepEqual(await readdir(folder), [])
})

test('a file of somebody else is refused if the rules say so; an own file is replaced', async (t) => {
  const { put, text, folder } = await placing(t, { existing: 'refuse', owns: 'made' })
  await put({ mine: 'one' })
  assert.deepEqual((await put({ mine: 'two' })).changed, ['mine'])
  await writeFile(join(folder, 'theirs'), 'before')
  const refused = (thrown: unknown) =>
    thrown instanceof LocketError && /theirs is there already/.test(thrown.message)
  await assert.rejects(put({ mine: 'three', theirs: 'x' }), refused)
  assert.deepEqual([await text('mine'), await text('theirs')], ['two', 'before'])
})

test('a file that holds all its secrets is never replaced by one that lacks some', async (t) => {
  const { put, text } = await placing(t)
  await put({ 'a?': '{{ tag }}', b: 'whole' })
  assert.equal(await text('a'), '{{ tag }}')
  await put({ a: 'whole', 'b?': '{{ tag }}' })
  assert.deepEqual([await text('a'), await text('b')], ['whole', 'whole'])
})

test('two names of one file, by link or case: the name that is gone does not take the file along', async (t) => {
  for (const owns of ['made', 'written'] as const) {
    const { put, text, folder } = await placing(t, { owns, existing: 'refuse' })
    await mkdir(join(folder, 'real'))
    await symlink('real', join(folder, 'alias'))
    const [real, alias] = [output(join(folder, 'real'), 'f'), output(join(folder, 'alias'), 'f')]
    const rendered = (template: OutputTemplate) => ({
      templates: [template],
      contents: new Map([[template, Secret.fromText('x')]]),
      incomplete: new Set<OutputTemplate>(),
      unresolved: undefined,
      wipe: () => undefined,
    })
    const { places } = await placing(t, { owns, existing: 'refuse' })
    await places.put([alias], rendered(alias))
    const { made, gone } = await places.put([real], rendered(real))
    assert.deepEqual([made, gone], [[real.target], [alias.target]])
    assert.equal(await text('real/f'), 'x')
    assert.deepEqual(await put({ 'A/x': '1' }), { changed: [], made: ['A/x'], gone: [] })
    assert.deepEqual(await put({ 'a/x': '1' }), { changed: [], made: ['a/x'], gone: ['A/x'] })
  }
})

test('the next answer names what a failed delivery has removed', async (t) => {
  const { put, folder, files } = await placing(t)
  await put({ f: 'a file', keeps: 'x' })
  await mkdir(join(folder, 'taken'))
  await assert.rejects(put({ 'f/inner': 'y', taken: 'z', keeps: 'x' }), /taken is a folder/)
  assert.deepEqual(files(), ['keeps'])
  assert.deepEqual(await put({ 'f/inner': 'y', keeps: 'x' }), { changed: [], made: ['f/inner'], gone: ['f'] })
})

test('the files of a * stay while it has no value, and follow its fields when it has one', async (t) => {
  for (const owns of ['made', 'written'] as const) {
    const folder = await temporaryFolder(t)
    const { places } = await placing(t, { owns })
    const star = output(folder, 'db/*')
    const file = (name: string): OutputTemplate => ({ ...output(folder, name), spreadFrom: star.target })
    const put = async (templates: readonly OutputTemplate[], incomplete: readonly OutputTemplate[] = []) => {
      const whole = templates.filter((template) => !incomplete.includes(template))
      const contents = new Map(whole.map((template) => [template, Secret.fromText(template.origin)] as const))
      const rendered = { templates, contents, unresolved: undefined, wipe: () => undefined }
      return places.put(templates, { ...rendered, incomplete: new Set(incomplete) })
    }
    await put([file('db/a'), file('db/b'), output(folder, 'other')])
    const { gone } = await put([star], [star])
    assert.deepEqual(gone, [join(folder, 'other')])
    assert.deepEqual((await readdir(join(folder, 'db'))).toSorted(), ['a', 'b'])
    const next = await put([file('db/b'), file('db/c')])
    assert.deepEqual([next.made, next.gone], [[join(folder, 'db/c')], [join(folder, 'db/a')]])
    assert.deepEqual((await readdir(join(folder, 'db'))).toSorted(), ['b', 'c'])
  }
})
