import { readArn, referenceRegion } from '../lib/aws/region.ts'
import type { FieldChoice } from '../lib/reference/json-field.ts'
import {
  decodeReference,
  encodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of `aws-ssm://NAME-OR-ARN[?version=&label=&field=&region=]` (ADR 0031). */
export interface Parameter extends FieldChoice {
  /**
   * The name, with its first slash if it has any, or the ARN. A folder has its path with a slash at the end.
   */
  readonly name: string
  /** All parameters right in the folder. */
  readonly isFolder?: true
  /** A version or a label, as the service appends it to a name. */
  readonly selector?: string
  readonly region?: string
}

const SHAPE = 'aws-ssm:///path/name or aws-ssm://name'
const NAMES = ['field', 'version', 'label', 'region'] as const
const NAME = /^[A-Za-z0-9_.-]+$|^(?:\/[A-Za-z0-9_.-]+)+$/
const MOST_LETTERS = 1011

/** Parses a reference. Returns undefined for a text of another scheme. Throws `ref_syntax`. */
export function parseParameter(text: string): Parameter | undefined {
  const split = splitReference(text, { scheme: 'aws-ssm', shape: SHAPE, names: NAMES })
  if (split === undefined) return undefined
  const { options, isStar } = split
  const isFolder = split.path.endsWith('/*')
  const name = nameOf(decodeReference(isFolder ? split.path.slice(0, -2) : split.path, text), isFolder, text)
  const arn = readArn(name)
  const [field, version, label, region] = NAMES.map((option) => options.get(option))
  if (isFolder && [field, version, label].some((option) => option !== undefined))
    throw malformedReference(text, 'asks a folder for a field or version', 'name one parameter')
  if (version !== undefined && label !== undefined)
    throw malformedReference(text, 'names a version and a label', 'leave one of them out')
  if (version !== undefined && !/^[1-9][0-9]{0,8}$/.test(version))
    throw malformedReference(text, 'has a wrong version', 'a version is a whole number from 1')
  if (label !== undefined && !/^(?![0-9])[\w.-]{1,100}$/.test(label))
    throw malformedReference(text, 'has a wrong label')
  const found = referenceRegion(text, region, arn)
  const selector = version ?? label
  return {
    name: isFolder ? `${name}/` : name,
    ...(isFolder ? { isFolder } : {}),
    ...(isStar('field') ? { isAll: true } : field === undefined ? {} : { field }),
    ...(selector === undefined ? {} : { selector }),
    ...(found === undefined ? {} : { region: found }),
  }
}

function nameOf(name: string, isFolder: boolean, text: string): string {
  // `aws-ssm:///*` is the root.
  if (isFolder && name === '') return name
  if (name.length > MOST_LETTERS) throw malformedReference(text, 'has a name that is too long')
  if (name.startsWith('arn:')) {
    const arn = readArn(name)
    if (!isFolder && arn?.service === 'ssm' && /^parameter\/[^:]+$/.test(arn.resource)) return name
    throw malformedReference(
      text,
      'has an ARN that is not one of a parameter',
      'expected arn:aws:ssm:REGION:ACCOUNT:parameter/NAME',
    )
  }
  if (NAME.test(name) && (!isFolder || name.startsWith('/'))) return name
  const isRelative = NAME.test(`/${name}`)
  throw malformedReference(
    text,
    isRelative ? 'has a path that does not begin with a slash' : 'has a name that no parameter can have',
    isRelative ? `did you mean aws-ssm:///${name}${isFolder ? '/*' : ''}?` : `expected ${SHAPE}`,
  )
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatParameter(parameter: Parameter): string {
  const { name, isFolder, isAll, field, selector, region } = parameter
  const isVersion = selector !== undefined && /^[0-9]+$/.test(selector)
  const query = formatOptions([
    ['field', isAll === true ? '*' : field === undefined ? field : encodeReference(field)],
    ['version', isVersion ? selector : undefined],
    ['label', isVersion ? undefined : selector],
    ['region', name.startsWith('arn:') ? undefined : region],
  ])
  return `aws-ssm://${name}${isFolder === true ? '*' : ''}${query}`
}

/** Returns the name with its version or label, as the service takes it. */
export function selectedName({ name, selector }: Parameter): string {
  return selector === undefined ? name : `${name}:${selector}`
}

/** Returns the path of the folder in which a parameter lies, with a slash at its end. */
export function folderOf({ name }: Parameter): string {
  return name.slice(0, name.lastIndexOf('/') + 1)
}
