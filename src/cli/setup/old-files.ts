import { constants, existsSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { agree } from '../terminal/agree.ts'
import type { Prompt } from '../terminal/prompt.ts'

/**
 * Returns the text of a configuration file; undefined if there is none. Rejects with `io` if it cannot be
 * read, or if its folder cannot be written: nobody is to answer questions for nothing.
 */
export async function readOldConfig(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw notUsable('read', path, thrown)
  }
  await access(nearestFolder(dirname(path)), constants.W_OK).catch((thrown: unknown) => {
    throw notUsable('write', path, thrown)
  })
  return undefined
}

/** Returns the folder itself, or the nearest folder above it that exists. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder))
}

function notUsable(verb: 'read' | 'write', path: string, cause: unknown): LocketError {
  return new LocketError('io', `cannot ${verb} ${path}: ${errnoOf(cause) ?? 'unknown'}`, {
    hint: 'run it as root, or name another folder with --folder',
    cause,
  })
}

/**
 * Returns when none of the files exists, or when a person agrees to replace those that do. Throws `usage`
 * without a person, and `aborted` when the person refuses.
 */
export async function agreeToReplace(paths: readonly string[], prompt: Prompt | undefined): Promise<void> {
  const old = paths.filter((path) => existsSync(path))
  if (old.length === 0) return
  const names = old.join(' and ')
  await agree(prompt, {
    what: `${names} would be replaced`,
    question: 'Replace?',
    nothing: 'nothing was written',
    hint: 'replace them with --force, or name another --folder or --compose',
    refused: `nothing was written: ${names} stay as they are`,
  })
}
