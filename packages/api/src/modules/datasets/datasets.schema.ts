import { Conflict, InvalidInput } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, DatasetRef } from '../../graphql/refs.ts'
import { newestDatasets } from './datasets.service.ts'
import type { ClassCounts } from './datasets.table.ts'

const DatasetClass = builder.objectRef<ClassCounts>('DatasetClass').implement({
  description: 'Images of one class, by split. Without split folders every image counts as train.',
  fields: (t) => ({
    name: t.exposeString('name'),
    train: t.exposeInt('train'),
    valid: t.exposeInt('valid'),
    test: t.exposeInt('test'),
  }),
})

DatasetRef.implement({
  description: 'A folder of class folders, or one that holds train/ and valid/ (and test/).',
  fields: (t) => ({
    name: t.exposeString('name'),
    path: t.string({
      nullable: true,
      description: 'Where it lies; null to clients that are not on this machine.',
      resolve: (dataset, _args, { local }) => (local ? dataset.path : null),
    }),
    classes: t.expose('classes', { type: [DatasetClass], description: 'In the order of the model’s outputs.' }),
    images: t.int({
      description: 'Image files counted at the import, in all splits; none has been decoded.',
      resolve: ({ classes }) => classes.reduce((sum, { train, valid, test }) => sum + train + valid + test, 0),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const ImportDatasetInput = builder.inputType('ImportDatasetInput', {
  fields: (t) => ({
    path: t.string({ required: true, description: 'An absolute path on the server’s machine.' }),
    name: t.string({ description: 'The folder’s name if left out.' }),
  }),
})

builder.queryFields((t) => ({
  dataset: byId(t, DatasetRef),
  datasets: t.connection(
    {
      type: DatasetRef,
      complexity: pageComplexity,
      resolve: (_root, page, { services }) => keysetConnection(page, newestDatasets, services.datasets.list()),
    },
    { name: 'DatasetConnection' },
    { name: 'DatasetEdge' },
  ),
}))

builder.mutationField('importDataset', (t) =>
  t.field({
    type: DatasetRef,
    description: 'Registers a folder; its images stay where they are. The same folder twice gives the same dataset.',
    errors: { types: [InvalidInput, Conflict], dataField: { name: 'dataset' } },
    args: { input: t.arg({ type: ImportDatasetInput, required: true }) },
    resolve: (_root, { input }, { services }) => services.datasets.import(input.path, input.name ?? undefined),
  }),
)
