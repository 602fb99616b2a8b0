import * as z from 'zod'
import { isLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { readFailure } from '../lib/aws/errors.ts'
import type { AwsRegion } from '../lib/aws/open.ts'
import { nearHint } from '../lib/names/name-hint.ts'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/answers/rows.ts'
import { folderOf, selectedName, type Parameter } from './refs.ts'

/** The largest number of parameters in one request (API_GetParameters.html). */
const MOST_IN_BATCH = 10
/** The largest number of parameters in a page of a folder (API_GetParametersByPath.html). */
const MOST_IN_PAGE = 10
/** Pages of a folder that are read. A folder of more than 1000 parameters is refused anyway. */
const MOST_PAGES = 101

const Found = z
  .object({
    Name: z.string(),
    Value: z.string(),
    Version: z.number().nullish(),
    Selector: z.string().nullish(),
    ARN: z.string().nullish(),
  })
  .transform(({ Name, Value, Version, Selector, ARN }) => ({
    name: Name,
    value: Value,
    version: Version == null ? undefined : String(Version),
    selector: (Selector ?? '').replace(/^:/, ''),
    arn: ARN ?? undefined,
  }))
/** One parameter with its value. */
type FoundParameter = z.output<typeof Found>

const Batch = z.object({ Parameters: rowsOf(z, Found), InvalidParameters: z.array(z.string()).catch([]) })
const Page = z.object({ Parameters: rowsOf(z, Found), NextToken: z.string().nullish() })

interface ReaderOptions {
  readonly regionOf: (region: string | undefined) => AwsRegion
  /** All references of the batch. */
  readonly references: readonly Parameter[]
  readonly signal: AbortSignal
}

/** Reads the parameters of one batch. */
export interface ParameterReader {
  /** Resolves with one parameter. Rejects with its error. */
  read(parameter: Parameter): Promise<FoundParameter>
  /** Resolves with all parameters right in a folder. */
  list(folder: Parameter): Promise<readonly FoundParameter[]>
}

/**
 * Makes the reader of one batch. Parameters of one region go in requests of up to 10. The parameters of a
 * folder that is listed anyway come from its list. It does no I/O before the first read.
 */
export function createParameterReader({ regionOf, references, signal }: ReaderOptions): ParameterReader {
  const lists = new Map<string, Promise<readonly FoundParameter[]>>()
  const chunks = new Map<string, () => Promise<readonly FoundParameter[] | undefined>>()
  const listed = new Set(references.filter(({ isFolder }) => isFolder).map((one) => keyOf(one, one.name)))

  const single = references.filter((one) => one.isFolder !== true && !isListed(one))
  for (const group of Map.groupBy(single, ({ region }) => region ?? '').values()) {
    const names = [...new Set(group.map(selectedName))]
    for (let at = 0; at < names.length; at += MOST_IN_BATCH) {
      const chunk = names.slice(at, at + MOST_IN_BATCH)
      if (chunk.length === 1) continue
      let asked: Promise<readonly FoundParameter[] | undefined> | undefined
      const ask = () => (asked ??= readChunk(chunk, group[0]?.region).catch(unlessOneSpoils))
      for (const name of chunk) chunks.set(`${group[0]?.region ?? ''} ${name}`, ask)
    }
  }

  function isListed(parameter: Parameter): boolean {
    return parameter.selector === undefined && listed.has(keyOf(parameter, folderOf(parameter)))
  }

  async function readChunk(
    names: readonly string[],
    region: string | undefined,
  ): Promise<readonly FoundParameter[]> {
    const { who, call } = regionOf(region)
    const answer = await call({
      operation: 'GetParameters',
      input: { Names: names, WithDecryption: true },
      signal,
      explain: (refusal) => explain(who, shown(names), 'ssm:GetParameters', refusal),
    })
    const read = Batch.safeParse(answer)
    if (!read.success) throw unreadable(who)
    return read.data.Parameters
  }

  async function readFolder({ name, region }: Parameter): Promise<readonly FoundParameter[]> {
    const { who, call } = regionOf(region)
    const found: FoundParameter[] = []
    const path = name === '/' ? name : name.slice(0, -1)
    let token: string | undefined
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await call({
        operation: 'GetParametersByPath',
        input: { Path: path, WithDecryption: true, MaxResults: MOST_IN_PAGE, NextToken: token },
        signal,
        explain: (refusal) => explain(who, `folder ${path}`, 'ssm:GetParametersByPath', refusal),
      })
      const read = Page.safeParse(answer)
      if (!read.success) throw unreadable(who)
      found.push(...read.data.Parameters)
      token = read.data.NextToken ?? undefined
      if (token === undefined || token === '') return found
    }
    return found
  }

  function list(folder: Parameter): Promise<readonly FoundParameter[]> {
    const key = keyOf(folder, folder.name)
    const known = lists.get(key) ?? readFolder(folder)
    lists.set(key, known)
    return known
  }

  return {
    list,
    async read(parameter) {
      const { region } = parameter
      const name = selectedName(parameter)
      const inFolder = isListed(parameter)
      const together = inFolder
        ? await list({ name: folderOf(parameter), ...(region === undefined ? {} : { region }) })
        : await chunks.get(`${region ?? ''} ${name}`)?.()
      const meant = together?.find((one) => isMeant(one, parameter))
      if (meant !== undefined) return meant
      // A server of the same protocol may leave out the selector, so that only a request of its own tells.
      const isUnclear = together === undefined || parameter.selector !== undefined
      const alone = isUnclear ? await readChunk([name], region) : []
      const found = alone.find((one) => isMeant(one, parameter)) ?? sole(alone, parameter)
      if (found !== undefined) return found
      throw providerError('not_found', `${regionOf(region).who} has no parameter ${JSON.stringify(name)}`, {
        hint: nearHint(parameter.name, inFolder ? (together ?? []).map((one) => one.name) : []),
      })
    },
  }
}

function isMeant({ name, arn, selector }: FoundParameter, parameter: Parameter): boolean {
  return (name === parameter.name || arn === parameter.name) && selector === (parameter.selector ?? '')
}

/** Returns the only parameter of an answer if it tells no selector. */
function sole([first, second]: readonly FoundParameter[], { name }: Parameter): FoundParameter | undefined {
  return second === undefined && first?.name === name && first.selector === '' ? first : undefined
}

/**
 * The service refuses a whole request for one parameter that may not be read. Returns undefined then: each is
 * asked for alone.
 */
function unlessOneSpoils(thrown: unknown): undefined {
  if (isLocketError(thrown) && ALONE.has(thrown.code)) return undefined
  throw thrown
}

const ALONE: ReadonlySet<string> = new Set(['denied', 'not_found', 'too_large'])

function keyOf({ region }: Parameter, path: string): string {
  return `${region ?? ''} ${path}`
}

function explain(who: string, what: string, permission: string, refusal: Refusal): LocketError | undefined {
  const { name } = readFailure(refusal)
  const named = `(${name}, status ${refusal.status})`
  if (name === 'AccessDenied')
    return providerError('denied', `${who} does not let these credentials read ${what} ${named}`, {
      hint: `their policy needs ${permission} on it, and kms:Decrypt if it is encrypted by a key of its own`,
    })
  if (name === 'ParameterNotFound' || name === 'ParameterVersionNotFound')
    return providerError('not_found', `${who} has no ${what} ${named}`)
  if (name === 'InvalidKeyId')
    return providerError('denied', `${who} cannot decrypt ${what} ${named}`, {
      hint: 'its KMS key is disabled, deleted, or may not be used',
    })
  if (name === 'Validation')
    return providerError('not_found', `${who} does not take ${what} for a name ${named}`)
  return undefined
}

function shown(names: readonly string[]): string {
  const [first = '', ...others] = names
  return others.length === 0 ? `parameter ${first}` : `parameters ${first} and ${others.length} more`
}

function unreadable(who: string): LocketError {
  return providerError('provider_protocol', `${who} sent an answer that is not one of the Parameter Store`, {
    hint: 'is aws-endpoint-url the address of it?',
  })
}
