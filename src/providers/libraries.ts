/** What a fenced library can be asked, by name. Arguments and answers are plain data. */
export type Methods = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>

/** Libraries that run in a process of their own (`sdk-worker.ts`): one line each, loaded there only. */
export const LIBRARIES: Readonly<Record<string, () => Promise<Methods>>> = {}
