import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SINGLE_KINDS } from '../build/one-provider.ts'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Every image by its name, with the one provider that it has. `locket` has all. */
export const IMAGES: ReadonlyMap<string, string | undefined> = new Map([
  ['locket', undefined],
  ...SINGLE_KINDS.map((kind) => [`locket-${kind}`, kind] as const),
])

/** A processor: its name in Node's packages, and in images. */
export const ARCHITECTURES = [
  { node: 'x64', image: 'amd64' },
  { node: 'arm64', image: 'arm64' },
] as const

/** The pinned packages, by their places in package-lock.json. */
export interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly integrity?: string; readonly license?: string }>
  >
}

export function lockfile(): Lockfile {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
}

export function version(): string {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version
}

/** Nanoseconds in a second, in which an image's configuration counts. */
const SECOND = 1_000_000_000

/**
 * The configuration of an image, from the instructions of the Dockerfile that `make image` uses: USER, ENV,
 * HEALTHCHECK and ENTRYPOINT.
 */
export function runConfig(title: string): object {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll(/^#.*\n/gm, '')
  const lines = new Map(
    text
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => [line.replace(/ .*/, ''), line.replace(/^\S+ /, '')]),
  )
  const checked = /^(.*?) CMD (\[.*\])$/.exec(lines.get('HEALTHCHECK') ?? '')
  const options = new Map([...(checked?.[1] ?? '').matchAll(/--([a-z-]+)=(\S+)/g)].map(([, a, b]) => [a, b]))
  return {
    User: lines.get('USER'),
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...words(lines.get('ENV'))],
    Entrypoint: JSON.parse(lines.get('ENTRYPOINT') ?? ''),
    Healthcheck: {
      Test: ['CMD', ...JSON.parse(checked?.[2] ?? '')],
      Interval: duration(options.get('interval')),
      Timeout: duration(options.get('timeout')),
      StartPeriod: duration(options.get('start-period')),
      StartInterval: duration(options.get('start-interval')),
      Retries: Number(options.get('retries')),
    },
    Labels: {
      'org.opencontainers.image.title': title,
      'org.opencontainers.image.version': version(),
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  }
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/)
}

function duration(text: string | undefined): number {
  const [, count, unit] = /^(\d+)(ms|s)$/.exec(text ?? '') ?? []
  if (count === undefined)
    throw new Error(`HEALTHCHECK in the Dockerfile has a time that is not read: ${text}`)
  return Number(count) * (unit === 's' ? SECOND : SECOND / 1000)
}
