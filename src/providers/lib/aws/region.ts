import { providerError } from '../provider-error.ts'
import { malformedReference } from '../reference/options.ts'
import { isRegion } from './settings.ts'

/** The decoded parts of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
interface Arn {
  readonly service: string
  readonly region: string
  /** `secret:prod/db-AbCdEf` or `parameter/prod/db`. */
  readonly resource: string
}

/** Returns the parts of an ARN; undefined for another text, and for an ARN without a region or account. */
export function readArn(text: string): Arn | undefined {
  const [, service = '', region = '', resource = ''] =
    /^arn:aws[a-z-]{0,20}:([a-z0-9-]+):([a-z0-9-]+):[0-9]{12}:(.+)$/.exec(text) ?? []
  return isRegion(region) ? { service, region, resource } : undefined
}

/**
 * Returns the region that a reference names, by its ARN or by `region=`; undefined if it names none. Throws
 * `ref_syntax` if the region is wrong, or if both name one and differ.
 */
export function referenceRegion(
  text: string,
  region: string | undefined,
  arn: Pick<Arn, 'region'> | undefined,
): string | undefined {
  if (region !== undefined && !isRegion(region)) throw malformedReference(text, 'has a wrong region')
  if (region !== undefined && arn !== undefined && arn.region !== region)
    throw malformedReference(text, 'has another region than its ARN', 'leave region= out')
  return arn?.region ?? region
}

/** Returns the address of a service in a region. In China AWS has a domain of its own. */
export function regionalEndpoint(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

/** Returns the first region that is known. Throws `config` if none is, or if it is not a region. */
export function requireRegion(instance: string, candidates: readonly (string | undefined)[]): string {
  const region = candidates.find((text) => text !== undefined && text !== '')
  if (region !== undefined && isRegion(region)) return region
  const says = region === undefined ? 'knows no region' : 'found a region that is none'
  throw providerError('config', `${instance} ${says}`, {
    hint: 'set aws-region (AWS_REGION), or write ?region=… or an ARN in the reference',
  })
}
