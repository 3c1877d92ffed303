import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheFolder, readRecipe, recipeChanges, writeRecipe } from './recipe.ts'

describe('the adapter recipe', () => {
  const before = process.env.XDG_CACHE_HOME
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'recipe-'))
    process.env.XDG_CACHE_HOME = home
  })
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
    rmSync(home, { recursive: true })
  })

  const recipe = { VK_DRIVER_FILES: '/cache/lavapipe.json', LD_LIBRARY_PATH: '/cache' }

  it('is kept in the cache folder and read back', () => {
    expect(readRecipe()).toBeNull()
    writeRecipe(recipe)
    expect(cacheFolder()).toBe(join(home, 'sporeprint'))
    expect(readRecipe()).toEqual(recipe)
  })

  it('no longer holds once the machine has changed', () => {
    writeRecipe(recipe)
    const file = join(cacheFolder(), 'adapter.json')
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...kept, key: `${kept.key}0` }))
    expect(readRecipe()).toBeNull()
  })

  it('sets nothing but where the driver and its libraries are', () => {
    writeRecipe({ ...recipe, NODE_OPTIONS: '--inspect' })
    expect(readRecipe()).toBeNull()
  })

  it('that was cut off in writing counts for nothing', () => {
    writeRecipe(recipe)
    writeFileSync(join(cacheFolder(), 'adapter.json'), '{"key":')
    expect(readRecipe()).toBeNull()
  })

  it('goes in front of a library path and does not outdo a driver that the user has named', () => {
    expect(recipeChanges(recipe, {})).toEqual(recipe)
    expect(recipeChanges(recipe, { VK_DRIVER_FILES: '/own.json', LD_LIBRARY_PATH: '/a::/b' })).toEqual({
      LD_LIBRARY_PATH: '/cache:/a:/b',
    })
    expect(recipeChanges(recipe, { ...recipe })).toEqual({})
  })
})
