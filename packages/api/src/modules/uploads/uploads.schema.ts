import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { UploadRef } from '../../graphql/refs.ts'
import { maxUploadBytes } from './uploads.service.ts'

UploadRef.implement({
  description:
    'A file that a client brings: create it, PUT its bytes to its url, complete it with their SHA-256. It is kept while a prediction or an explanation shows it; without one, for a day, unless the server was told otherwise.',
  fields: (t) => ({
    name: t.exposeString('name'),
    bytes: t.exposeInt('bytes'),
    url: t.string({
      description:
        'Where its bytes are PUT, with the token that this endpoint asks for; beside /graphql on this server.',
      resolve: ({ id }) => `/uploads/${id}`,
    }),
    sha256: t.exposeString('sha256', { nullable: true, description: 'null until it is known.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'null until it is complete; an upload that is not complete within an hour is forgotten.',
    }),
  }),
})

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'What you call the file.' }),
    bytes: t.int({ required: true, description: `Its size, at most ${maxUploadBytes}.` }),
    sha256: t.string({ description: 'Of its content, if it is known already.' }),
  }),
})

builder.mutationFields((t) => ({
  createUpload: t.field({
    type: UploadRef,
    errors: { types: [InvalidInput], dataField: { name: 'upload' } },
    args: { input: t.arg({ type: CreateUploadInput, required: true }) },
    resolve: (_root, { input }, { services }) => services.uploads.create(input),
  }),
  completeUpload: t.field({
    type: UploadRef,
    description: 'Checks that what has arrived is what you meant to send, and keeps it.',
    errors: { types: [NotFound, InvalidInput, Conflict], dataField: { name: 'upload' } },
    args: {
      id: t.arg.globalID({ required: true, for: UploadRef }),
      sha256: t.arg.string({ required: true, description: '64 hexadecimal digits.' }),
    },
    resolve: (_root, { id, sha256 }, { services }) => services.uploads.complete(id.id, sha256),
  }),
}))
