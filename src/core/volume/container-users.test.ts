import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remappedIdsIn, unreadableWarning } from './container-users.ts'

const PLUGIN = 'a'.repeat(64)
const line = (root: string) =>
  `812 790 0:51 ${root} /var/lib/locket rw,relatime shared:9 - ext4 /dev/sda1 rw\n`
const IDS = { uid: 165_536, gid: 231_072 }

test('the remapped ids are in the path of the folder that the plugin propagates', () => {
  const remapped = line(`/var/lib/docker/165536.231072/plugins/${PLUGIN}/propagated-mount`)
  assert.deepEqual(remappedIdsIn(line('/x') + remapped), IDS)
  assert.equal(remappedIdsIn(line(`/var/lib/docker/plugins/${PLUGIN}/propagated-mount`)), undefined)
  assert.equal(remappedIdsIn(line('/var/lib/app-1.2/plugins/x/')), undefined)
})

test('files that no container can read are warned of, with the ids to set', () => {
  const unreadable = [{}, { uid: 1000, gid: 1000 }, { uid: 165_535 }, { uid: 165_536 + 65_536 }]
  for (const owner of unreadable)
    assert.match(unreadableWarning({ ...owner, fileMode: 0o640 }, IDS) ?? '', /user to 165536:231072 plus/)
  for (const owner of [{ uid: 165_536 }, { uid: 166_536, gid: 1 }, { uid: 5, gid: 231_072 + 999 }])
    assert.equal(unreadableWarning({ ...owner, fileMode: 0o640 }, IDS), undefined)
  assert.equal(unreadableWarning({ fileMode: 0o444 }, IDS), undefined)
  assert.equal(unreadableWarning({ fileMode: 0o600 }, undefined), undefined)
})
