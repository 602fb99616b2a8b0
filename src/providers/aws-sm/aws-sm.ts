import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { AWS_FILES, awsProblems } from '../lib/aws/settings.ts'
import { formatAwsSecret, parseAwsSecret } from './refs.ts'
import { awsSmSettings } from './settings.ts'

/** The provider `aws-sm`: AWS Secrets Manager. */
export const awsSm = defineProvider({
  kind: 'aws-sm',
  title: 'AWS Secrets Manager',
  schemes: ['aws-sm'],
  autoRefresh: { everyMs: 300_000 },
  example: 'aws-sm://prod/db?field=password',
  settings: awsSmSettings,
  parse(text, instance) {
    const reference = parseAwsSecret(text)
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatAwsSecret(reference), text, { isAll })
  },
  check: awsProblems,
  ownFiles: () => AWS_FILES,
  open: async (given, deps, instance) => (await import('./open.ts')).openAwsSm(given, deps, instance),
})
