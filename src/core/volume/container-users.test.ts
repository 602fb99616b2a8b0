import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileAccess, Owner } from '../text/units.ts'
import { remappedIdsIn, unreachableWarning, unreadableWarning, type CommonAccess } from './container-users.ts'

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

const COMMON = { fileMode: 0o640, dirMode: 0o700, rootMode: 0o700 }
const ONE = [{ path: 'a' }]

test('files that no container can read are warned of, with the ids to set', () => {
  const unreadable = [undefined, own(1000, 1000), own(165_535, 0), own(165_536 + 65_536, 0)]
  for (const owner of unreadable)
    assert.match(
      unreadableWarning(ONE, { ...COMMON, owner }, IDS) ?? '',
      /user or secret-user to 165536:231072 plus/,
    )
  for (const owner of [own(165_536, 0), own(166_536, 1), own(5, 231_072 + 999)])
    assert.equal(unreadableWarning(ONE, { ...COMMON, owner }, IDS), undefined)
  assert.equal(unreadableWarning(ONE, { ...COMMON, fileMode: 0o444 }, IDS), undefined)
  assert.equal(unreadableWarning(ONE, COMMON, undefined), undefined)
})

test('a file of its own mode or owner is looked at by itself', () => {
  const common = { ...COMMON, owner: own(165_536, 231_072) }
  const file = (access: FileAccess) => [...ONE, { path: 'b', access }]
  assert.match(unreadableWarning(file({ owner: own(7, 8) }), common, IDS) ?? '', /the files of 7:8: this/)
  assert.equal(unreadableWarning(file({ owner: own(7, 8), mode: 0o444 }), common, IDS), undefined)
  assert.match(unreadableWarning(file({ mode: 0o444 }), COMMON, IDS) ?? '', /the files of 0:0: this/)
})

test('users who may not enter the folder of their file are warned of', () => {
  const said = (access: FileAccess, common: Partial<CommonAccess> = {}, path = 'tls/key') =>
    unreachableWarning(
      [
        { path: 'other', access: { mode: 0o400 } },
        { path, access },
      ],
      {
        ...COMMON,
        ...common,
      },
    ).join()
  assert.equal(
    said({ owner: own(101, 101) }),
    'the users of tls/key may not enter the folder, which belongs to 0:0 with mode 0700 and dir-mode 0700: set mode and dir-mode to "0711"',
  )
  assert.match(said({ owner: own(101, 101) }, {}, 'key'), /with mode 0700: set mode to "0711"$/)
  const open = { rootMode: 0o711, dirMode: 0o711 }
  const refused: [FileAccess, Partial<CommonAccess>][] = [
    [{ owner: own(101, 0), mode: 0o400 }, {}],
    [{ owner: own(0, 101), mode: 0o440 }, {}],
    [
      { owner: own(0, 101), mode: 0o440 },
      { rootMode: 0o710, dirMode: 0o710 },
    ],
    [{ mode: 0o444 }, {}],
    [{ mode: 0o444 }, { ...open, dirMode: 0o750 }],
  ]
  for (const [access, common] of refused) assert.notEqual(said(access, common), '', JSON.stringify(access))
  const fine: [FileAccess, Partial<CommonAccess>][] = [
    [{ owner: own(101, 101), mode: 0o400 }, open],
    [{ owner: own(0, 101), mode: 0o440 }, open],
    [{ owner: own(0, 101), mode: 0o400 }, {}],
    [
      { owner: own(5, 0), mode: 0o400 },
      { rootMode: 0o710, dirMode: 0o710 },
    ],
    [{ owner: own(101, 101) }, { owner: own(101, 101) }],
    [{ mode: 0o440 }, {}],
    [{ mode: 0o444 }, open],
  ]
  for (const [access, common] of fine) assert.equal(said(access, common), '', JSON.stringify(access))
})

function own(uid: number, gid: number): Owner {
  return { uid, gid }
}
