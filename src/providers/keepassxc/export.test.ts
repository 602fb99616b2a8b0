import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExport } from './export.ts'

const entry = (title: string, more = ''): string =>
  `<Entry><UUID>x</UUID><String><Key>Title</Key><Value>${title}</Value></String><String><Key>Password</Key><Value ProtectInMemory="True">a&lt;b&gt;&amp;&#x21;&#13;\r\n </Value></String>${more}</Entry>`
const file = (root: string): string =>
  `<?xml version="1.0"?>\n<KeePassFile><Meta><RecycleBinUUID>BIN==</RecycleBinUUID></Meta><Root><Group><UUID>r</UUID><Name>Root</Name>${root}</Group></Root></KeePassFile>\n`

test('entries have the path of their groups without the root, and values keep their line ends', () => {
  const group = `<Group><UUID>g</UUID><Name>a &amp; b</Name><Notes/>${entry('db', '<String><Key>Empty</Key><Value/></String>')}</Group>`
  const [first, second, ...others] = parseExport(file(`${entry('top')}${group}`)) ?? []
  assert.deepEqual([first?.path, second?.path, others], [['top'], ['a & b', 'db'], []])
  assert.equal(second?.fields.get('Password'), 'a<b>&!\r\r\n ')
  assert.equal(second?.fields.get('Empty'), '')
})

test('old versions of an entry and the recycle bin are left out', () => {
  const old = entry('db', `<History>${entry('old')}</History>`)
  const bin = `<Group><UUID>BIN==</UUID><Name>Recycle Bin</Name>${entry('gone')}<Group><UUID>i</UUID><Name>inner</Name>${entry('gone too')}</Group></Group>`
  assert.deepEqual(
    parseExport(file(`${old}${bin}`))?.map(({ path }) => path),
    [['db']],
  )
})

test('a text that is cut off, and another text, are refused', () => {
  const whole = file(entry('db'))
  for (const text of ['', '<html>', whole.slice(0, -20), whole.replace('</Group>', '</Root>')])
    assert.equal(parseExport(text), undefined)
})
