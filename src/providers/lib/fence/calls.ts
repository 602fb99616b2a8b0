import * as z from 'zod'

/** The methods of a fenced library, by name. Arguments and answers are plain data. */
export type Methods = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>

/** A message to the worker. */
const Call = z.object({ id: z.number(), method: z.string(), argument: z.unknown() })
export type FencedCall = z.output<typeof Call>

/** A message from the worker. */
export const FencedAnswer = z.object({ id: z.number(), value: z.unknown().optional(), failed: z.boolean() })
export type FencedAnswer = z.output<typeof FencedAnswer>

/** The worker's side of a fence: each message is a call, and gets one answer. */
export function answerCalls(
  methods: Methods,
): (message: unknown, reply: (answer: FencedAnswer) => void) => void {
  return (message, reply) => {
    const { id, method, argument } = Call.parse(message)
    // A thrown value may hold a secret, so it is not sent: methods return the failures that they want to
    // report.
    perform(methods, method, argument).then(
      (value) => reply({ id, value, failed: false }),
      () => reply({ id, failed: true }),
    )
  }
}

async function perform(methods: Methods, name: string, argument: unknown): Promise<unknown> {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) throw new Error(`no method ${name}`)
  return method(argument)
}
