/**
 * Prints TypeScript types for the console's GraphQL documents from the printed schema: an interface for each operation's result
 * and variables and for each fragment, and every enum and input they touch. A test holds the committed file against it.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql'

const scalars: Record<string, string> = { Int: 'number', Float: 'number', Boolean: 'boolean', JSON: 'unknown' }

export function printDocumentTypes(schema: GraphQLSchema, documents: readonly DocumentNode[]): string {
  const blocks = new Map<string, string>()
  const used = new Map<string, GraphQLNamedType>()
  for (const definition of documents.flatMap((document) => document.definitions)) {
    if (definition.kind === 'FragmentDefinition') {
      const on = schema.getType(definition.typeCondition.name.value)
      const name = definition.name.value
      blocks.set(name, `export type ${name} = ${selection(definition.selectionSet, on)}`)
    } else if (definition.kind === 'OperationDefinition' && definition.name) {
      const name = definition.name.value
      const root = schema.getRootType(definition.operation)
      blocks.set(name, `export type ${name} = ${selection(definition.selectionSet, root)}`)
      const variables = (definition.variableDefinitions ?? []).map((variable) => {
        const type = typeFromAST(schema, variable.type as never) as GraphQLType | undefined
        if (!type) throw new Error(`${name}: the schema lacks the type of $${variable.variable.name.value}`)
        return inputField(variable.variable.name.value, type)
      })
      blocks.set(
        `${name}Variables`,
        `export type ${name}Variables = ${variables.length === 0 ? 'Record<string, never>' : `{${variables.join('; ')}}`}`,
      )
    }
  }
  const printed = new Map<string, string>()
  for (let pending = true; pending; ) {
    pending = false
    for (const [name, type] of [...used]) {
      if (printed.has(name)) continue
      printed.set(name, declaration(type))
      pending = true
    }
  }
  const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1)
  return [
    '// Generated from packages/api/schema.graphql and documents.ts by `npm run types -w packages/web`; do not edit.',
    ...[...printed].sort(byName).map(([, text]) => text),
    ...[...blocks].sort(byName).map(([, text]) => text),
    '',
  ].join('\n\n')

  function declaration(type: GraphQLNamedType): string {
    if (isEnumType(type)) {
      const values = type.getValues().map((value) => `'${value.name}'`)
      return `export type ${type.name} = ${values.join(' | ')}`
    }
    const fields = Object.values((type as GraphQLInputObjectType).getFields())
    return `export type ${type.name} = {${fields.map((field) => inputField(field.name, field.type)).join('; ')}}`
  }

  function inputField(name: string, type: GraphQLType): string {
    return isNonNullType(type) ? `${name}: ${typeText(type)}` : `${name}?: ${typeText(type)} | undefined`
  }

  function typeText(type: GraphQLType, inner?: string): string {
    if (isNonNullType(type)) return notNull(type.ofType, inner)
    return `${notNull(type, inner)} | null`
  }

  function notNull(type: GraphQLType, inner?: string): string {
    if (isListType(type)) return `Array<${typeText(type.ofType, inner)}>`
    if (inner !== undefined) return inner
    const named = getNamedType(type)
    if (isScalarType(named)) return scalars[named.name] ?? 'string'
    if (isEnumType(named) || isInputObjectType(named)) used.set(named.name, named)
    return named.name
  }

  /** A union of one object type for each concrete type where the parent is abstract. */
  function selection(set: SelectionSetNode, parent: GraphQLNamedType | null | undefined): string {
    if (!parent) throw new Error('a selection on a type that the schema lacks')
    if (!isAbstractType(parent)) return objectType(set, parent)
    return schema
      .getPossibleTypes(parent)
      .map((type) => objectType(set, type))
      .join(' | ')
  }

  function objectType(set: SelectionSetNode, type: GraphQLNamedType): string {
    const fields = new Map<string, string>()
    const spreads: string[] = []
    collect(set)
    const own = `{${[...fields.values()].join('; ')}}`
    return spreads.length === 0 ? own : [...(fields.size > 0 ? [own] : []), ...spreads].join(' & ')

    function collect(selections: SelectionSetNode): void {
      for (const node of selections.selections) {
        if (node.kind === 'Field') fields.set(node.alias?.value ?? node.name.value, field(node, type))
        else if (node.kind === 'FragmentSpread') spreads.push(node.name.value)
        else if (applies(node.typeCondition?.name.value, type)) collect(node.selectionSet)
      }
    }
  }

  function applies(condition: string | undefined, type: GraphQLNamedType): boolean {
    if (condition === undefined || condition === type.name) return true
    const on = schema.getType(condition)
    return isAbstractType(on) && isObjectType(type) && schema.isSubType(on, type)
  }

  function field(node: FieldNode, parent: GraphQLNamedType): string {
    const key = node.alias?.value ?? node.name.value
    if (node.name.value === '__typename') return `${key}: '${parent.name}'`
    const type: GraphQLOutputType | undefined = isObjectType(parent)
      ? parent.getFields()[node.name.value]?.type
      : undefined
    if (!type) throw new Error(`the schema lacks ${parent.name}.${node.name.value}`)
    const inner = node.selectionSet ? selection(node.selectionSet, getNamedType(type)) : undefined
    return `${key}: ${typeText(type, inner && /[|&]/.test(inner) ? `(${inner})` : inner)}`
  }
}
