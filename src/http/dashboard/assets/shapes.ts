/** Paths on a square of 24, as lines. */
const SHAPES = {
  locket:
    'M8 9V7a4 4 0 0 1 8 0v2M12 21c-4.5-2.2-7-5-7-8.2a3.8 3.8 0 0 1 7-2 3.8 3.8 0 0 1 7 2c0 3.2-2.5 6-7 8.2z',
  home: 'M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z',
  machine: 'M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01',
  key: 'M14.5 9.5a4 4 0 1 0-3.8 4l1.3 1.5h2v2h2v2h4v-3.5z',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5c2 .8 3 2.8 3 5.5',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c0-3.5 3-6 7-6s7 2.5 7 6',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  plus: 'M12 5v14M5 12h14',
  down: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  log: 'M5 4h14v16H5zM9 9h6M9 13h6M9 17h3',
  shield: 'M12 3l8 3v6c0 4.5-3.2 7.7-8 9-4.8-1.3-8-4.5-8-9V6zM9 12l2 2 4-4',
  box: 'M3 8l9-5 9 5v8l-9 5-9-5zM3 8l9 5 9-5M12 13v8',
} as const

/** The name of a shape. */
export type IconName = keyof typeof SHAPES

/** Returns all shapes as one file, from which pages take single ones. */
export function iconSheet(): string {
  const symbols = Object.entries(SHAPES).map(
    ([name, path]) => `<symbol id="${name}" viewBox="0 0 24 24"><path d="${path}"/></symbol>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`
}
