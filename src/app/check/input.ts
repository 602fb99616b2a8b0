import { errnoOf, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'

/** The ports that read what a check was given. */
export interface InputDeps {
  readonly sources: SourceFiles
  /** Resolves to all bytes of standard input. Rejects with `too_large` above `maxBytes`. */
  readonly readInput: (maxBytes: number) => Promise<Uint8Array>
}

/** A thing to check. */
export interface CheckInput {
  /** The path as the user gave it, that of the compose file in a folder, or `standard input`. */
  readonly name: string
  /** The folder of files that are named beside it, with a slash at its end. Empty: the working directory. */
  readonly folder: string
  /** True: its name is that of a YAML file. Undefined: it has no name, and only its text can tell. */
  readonly isYaml: boolean | undefined
  readonly content: Uint8Array | LocketError
}

/** The names that Compose gives to a compose file of a folder, in the order in which it looks for them. */
const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']

/** Finds what a word of the command line means: `-` is standard input, a folder is its compose file. */
export async function inputOf(path: string, maxBytes: number, deps: InputDeps): Promise<CheckInput> {
  if (path === '-') return await standardInput(maxBytes, deps)
  try {
    return inputAt(path, await deps.sources.read(path, { maxBytes }))
  } catch (thrown) {
    const error = toLocketError(thrown)
    // Only a path that exists and is not a file can be a folder.
    const compose = isNoFile(error) ? await findCompose(path, maxBytes, deps) : 'no folder'
    if (compose === 'no folder') return inputAt(path, error)
    return compose ?? inputAt(path, noComposeFile(path))
  }
}

/** Returns the compose file of a folder; undefined: it has none. */
export async function findCompose(
  folder: string,
  maxBytes: number,
  { sources }: InputDeps,
): Promise<CheckInput | 'no folder' | undefined> {
  const base = folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`
  for (const name of COMPOSE_NAMES) {
    const path = `${base}${name}`
    try {
      return inputAt(path, await sources.read(path, { maxBytes }))
    } catch (thrown) {
      const error = toLocketError(thrown)
      const errno = errnoOf(error.cause)
      if (errno === 'ENOTDIR') return 'no folder'
      if (errno !== 'ENOENT') return inputAt(path, error)
    }
  }
  return undefined
}

/** The reason why no compose file is checked in a folder. */
export const NO_COMPOSE = `there is no ${COMPOSE_NAMES.slice(0, -1).join(', ')} or ${COMPOSE_NAMES.at(-1)}`

function noComposeFile(folder: string): LocketError {
  return new LocketError('io', `${NO_COMPOSE} in the folder ${folder}`, {
    facts: { path: folder },
    hint: 'if it has another name, name the file itself',
    names: ['path'],
  })
}

/** The error of a read has no cause in the system when the path leads to something other than a file. */
function isNoFile(error: LocketError): boolean {
  return error.code === 'io' && errnoOf(error.cause) === undefined
}

function inputAt(path: string, content: Uint8Array | LocketError): CheckInput {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return { name: path, folder, isYaml: /\.ya?ml$/i.test(path), content }
}

async function standardInput(maxBytes: number, { readInput }: InputDeps): Promise<CheckInput> {
  const plain = { name: 'standard input', folder: '', isYaml: undefined }
  try {
    return { ...plain, content: await readInput(maxBytes) }
  } catch (thrown) {
    return { ...plain, content: toLocketError(thrown) }
  }
}
