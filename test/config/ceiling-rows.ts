import { daemonRow, problemOf, type Loaded, type Options, type SettingRow } from './setting-rows.ts'

const MANY_FILES = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`secret.f${n}`, 'x']))

/** The rows of the ceilings of driver options. */
export const CEILING_ROWS: Readonly<Record<string, SettingRow>> = {
  'max-volume-size': daemonRow(['1M', '1G'], ['1M', '1G'], '64M', ceilingOn({ size: '1000G' })),
  'max-volume-file-size': daemonRow(
    ['1M', '1G'],
    ['1M', '1G'],
    '16M',
    ceilingOn({ 'max-file-size': '1000G' }),
  ),
  'max-volume-cache': daemonRow(['0s', '1h'], ['0s', '1h'], '168h', ceilingOn({ cache: '200h' })),
  'max-volume-files': daemonRow(['1', '5'], ['1', '5'], '1000', ceilingOn(MANY_FILES)),
  'max-volume-references': daemonRow(['1', '5'], [1, 5], 2000, contentCeiling('references')),
  'max-volume-rendered-size': daemonRow(
    ['1K', '1M'],
    [1024, 1_048_576],
    32 * 1_048_576,
    contentCeiling('renderedBytes'),
  ),
}

/** Reads the ceiling out of the refusal of options that exceed any. */
function ceilingOn(options: Options): (loaded: Loaded) => unknown {
  return ({ daemon }) =>
    /operator's max-[a-z-]+ is (\w+)/.exec(problemOf(() => daemon.volumeConfig(options)))?.[1]
}

function contentCeiling(key: 'references' | 'renderedBytes'): (loaded: Loaded) => unknown {
  return ({ daemon }) => daemon.volumeConfig({}).ceilings[key]
}
