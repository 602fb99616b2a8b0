import { spawnSync } from 'node:child_process'
import { ROOT } from './recipe.ts'

/** The commit that is built, and its time; undefined without git. A tree with changes has a mark. */
export function sourceCommit(): { readonly id: string; readonly time: string } | undefined {
  const [id = '', seconds = ''] = git(['log', '-1', '--format=%H %ct']).trim().split(' ')
  if (id === '') return undefined
  const isChanged = git(['status', '--porcelain', '--untracked-files=no']).trim() !== ''
  return { id: isChanged ? `${id}-changed` : id, time: isoTime(Number(seconds)) }
}

function git(words: readonly string[]): string {
  return spawnSync('git', words, { cwd: ROOT, encoding: 'utf8' }).stdout ?? ''
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}
