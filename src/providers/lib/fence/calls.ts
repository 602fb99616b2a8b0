import * as z from 'zod'

/** What a fenced library can be asked, by name. Arguments and answers are plain data. */
export type Methods = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>

/** What goes to the worker. */
const Call = z.object({ id: z.number(), method: z.string(), argument: z.unknown() })
export type FencedCall = z.output<typeof Call>

/** What comes back. */
export const FencedAnswer = z.object({ id: z.number(), value: z.unknown().optional(), failed: z.boolean() })
export type FencedAnswer = z.output<typeof FencedAnswer>

/** The worker's side of a fence: each message is a call, and gets one answer. */
export function answerCalls(
  methods: Methods,
): (message: unknown, reply: (answer: FencedAnswer) => void) => void {
  return (message, reply) => {
    const { id, method, argument } = Call.parse(message)
    // What was thrown may hold a secret: methods answer with what they want to be known of a failure.
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
