import { readArn, referenceRegion } from '../lib/aws/region.ts'
import type { FieldChoice } from '../lib/reference/json-field.ts'
import {
  decodeReference,
  encodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of `aws-sm://NAME-OR-ARN[?field=&stage=&version=&region=]` (ADR 0031). */
export interface AwsSecret extends FieldChoice {
  /** The name of the secret, or its ARN with or without the six characters at its end. */
  readonly id: string
  /** The staging label; left out: `AWSCURRENT`. */
  readonly stage?: string
  readonly version?: string
  /** The region of the ARN or of the reference; left out: that of the settings. */
  readonly region?: string
}

const SHAPE = 'aws-sm://NAME?field=FIELD'
const NAMES = ['field', 'stage', 'version', 'region'] as const
/**
 * The characters of names
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
 */
const NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/
/** Staging labels are up to 256 characters. */
const STAGE = /^[\w+=,.@/-]{1,256}$/
const VERSION = /^[A-Za-z0-9-]{1,64}$/

/** Parses a reference. Returns undefined for a text of another scheme. Throws `ref_syntax`. */
export function parseAwsSecret(text: string): AwsSecret | undefined {
  const split = splitReference(text, { scheme: 'aws-sm', shape: SHAPE, names: NAMES })
  if (split === undefined) return undefined
  const id = decodeReference(split.path, text)
  if (id === '') throw malformedReference(text, 'names no secret', `expected ${SHAPE}`)
  const arn = id.startsWith('arn:') ? readArn(id) : undefined
  if (id.startsWith('arn:') && (arn?.service !== 'secretsmanager' || !/^secret:[^:]+$/.test(arn.resource)))
    throw malformedReference(
      text,
      'has an ARN that is not one of a secret',
      'expected arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME; a field is written ?field=…',
    )
  if (arn === undefined && !NAME.test(id))
    throw malformedReference(
      text,
      'has a name that no secret can have',
      'a name is made of letters, digits and /_+=.@-; a field is written ?field=…',
    )
  const { options, isStar } = split
  const [field, stage, version, region] = NAMES.map((name) => options.get(name))
  if (stage !== undefined && !STAGE.test(stage)) throw malformedReference(text, 'has a wrong stage')
  if (version !== undefined && !VERSION.test(version))
    throw malformedReference(text, 'has a wrong version', 'it is the id of a version, like a UUID')
  const found = referenceRegion(text, region, arn)
  return {
    id,
    ...(isStar('field') ? { isAll: true } : field === undefined ? {} : { field }),
    // The usual stage is the same secret as no stage.
    ...(stage === undefined || (stage === CURRENT && version === undefined) ? {} : { stage }),
    ...(version === undefined ? {} : { version }),
    ...(found === undefined ? {} : { region: found }),
  }
}

/** The staging label of the current version. */
const CURRENT = 'AWSCURRENT'

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatAwsSecret(reference: AwsSecret): string {
  const { field, isAll } = reference
  return formatSecretVersion(
    reference,
    isAll === true ? '*' : field === undefined ? field : encodeReference(field),
  )
}

/** Returns the part of the canonical text that all fields of one version share. */
export function formatSecretVersion({ id, stage, version, region }: AwsSecret, field?: string): string {
  const given = id.startsWith('arn:') ? undefined : region
  const query = formatOptions([
    ['field', field],
    ['stage', stage === undefined ? stage : encodeReference(stage)],
    ['version', version],
    ['region', given],
  ])
  return `aws-sm://${encodeReference(id)}${query}`
}
