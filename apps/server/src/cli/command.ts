import { type Command, Option } from 'commander'

/** Adds a command with the options that every command has. */
export function addCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('--json', 'print one JSON document on stdout; everything else goes to stderr'))
    .addOption(new Option('--debug', 'show the stack of an error and every detail (as DEBUG=1 in the environment)'))
}
