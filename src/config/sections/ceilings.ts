import { field, section } from '../../settings/field.ts'
import { Count, Size } from '../../settings/kinds.ts'

/**
 * The operator's limits of what driver options may make the daemon hold for one volume. Driver options cannot
 * change them. They do not limit what the operator sets in flags, environment or TOML.
 */
export const ceilingSection = section('ceilings', 'Ceilings of driver options', {
  sizeBytes: field({
    name: 'max-volume-size',
    env: 'LOCKET_MAX_VOLUME_SIZE',
    schema: Size,
    default: '64M',
    summary: 'largest size that driver options may ask for',
    placeholder: 'SIZE',
    driverOption: false,
  }),
  maxFileBytes: field({
    name: 'max-volume-file-size',
    env: 'LOCKET_MAX_VOLUME_FILE_SIZE',
    schema: Size,
    default: '16M',
    summary: 'largest max-file-size that driver options may ask for',
    placeholder: 'SIZE',
    driverOption: false,
  }),
  files: field({
    name: 'max-volume-files',
    env: 'LOCKET_MAX_VOLUME_FILES',
    schema: Count,
    default: '1000',
    summary: 'most files of one volume that driver options may ask for, with the folders that they are in',
    placeholder: 'NUMBER',
    driverOption: false,
  }),
  references: field({
    name: 'max-volume-references',
    env: 'LOCKET_MAX_VOLUME_REFERENCES',
    schema: Count,
    default: '2000',
    summary:
      'most tags in all templates of one volume that driver options name; a reference counts as often as it occurs',
    placeholder: 'NUMBER',
    driverOption: false,
  }),
  renderedBytes: field({
    name: 'max-volume-rendered-size',
    env: 'LOCKET_MAX_VOLUME_RENDERED_SIZE',
    schema: Size,
    default: '32M',
    summary:
      'largest total of all files of one volume that driver options ask for, and of their templates, which are in memory while they are rendered',
    placeholder: 'SIZE',
    driverOption: false,
  }),
})
