import * as z from 'zod'
import { VERSION } from '../../core/vocabulary/version.ts'
import { ADMIN_ROUTES, type AdminRoute } from './admin-routes.ts'
import { FailureShape } from './admin-shapes.ts'

/** Returns the description of the admin API in OpenAPI 3.1, made from its routes and their zod schemas. */
export function describeAdminApi(): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ADMIN_ROUTES) (paths[route.path] ??= {})[route.method.toLowerCase()] = describe(route)
  return {
    openapi: '3.1.0',
    info: { title: 'locket serve: admin API', version: VERSION },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function describe({ path, summary, query, body, answer }: AdminRoute): unknown {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !z.safeParse(schema, undefined).success,
    schema: z.toJSONSchema(schema, { io: 'input' }),
  }))
  const parameters = [...inPath, ...inQuery]
  const good = answer === 'zip' ? { 'application/zip': {} } : content(answer, 'output')
  return {
    summary,
    parameters,
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body, 'input') } }),
    responses: {
      200: { description: 'done', content: good },
      default: { description: 'refused', content: content(FailureShape, 'output') },
    },
  }
}

function content(schema: z.ZodType, io: 'input' | 'output'): unknown {
  return { 'application/json': { schema: z.toJSONSchema(schema, { io }) } }
}
