import type { Argument, Command, Option } from 'commander';

/** What can follow the words typed so far: one entry for each command, from the same definitions that parse it. */
interface Entry {
  /** The words after `witan`, joined by a space; empty for the program itself. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly help: string }[];
  /** After the words a file may stand. */
  readonly files: boolean;
}

export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const entries = collect(program, '', []);
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return zsh(entries);
    case 'fish':
      return fish(entries);
  }
}

function collect(command: Command, path: string, inherited: readonly Option[]): Entry[] {
  const options = [...inherited, ...command.options];
  const words = [
    ...command.commands.map((child) => ({ word: child.name(), help: child.description() })),
    ...command.registeredArguments.flatMap((argument) => choicesOf(argument)),
    ...options.map((option) => ({ word: option.long ?? option.flags, help: option.description })),
  ];
  const files = command.registeredArguments.some((argument) => ['file', 'bundle'].includes(argument.name()));
  const below = command.commands.flatMap((child) => collect(child, `${path} ${child.name()}`.trim(), options));
  return [{ path, words, files }, ...below];
}

function choicesOf(argument: Argument) {
  return (argument.argChoices ?? []).map((word) => ({ word, help: argument.description }));
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ path, words, files }) =>
      `    "${path}") words="${words.map(({ word }) => word).join(' ')}"; files=${files ? 1 : 0} ;;`,
  );
  return `# bash completion of witan: source <(witan completion bash)
_witan() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" files=0
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${paths(entries)
  .map((path) => `      "${path.includes(' ') ? path : ` ${path}`}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "$files" = 1 ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _witan witan
`;
}

function zsh(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, words, files }) => {
    const described = words.map(({ word, help }) => quote(`${word}:${help}`)).join(' ');
    return `    "${path}") words_here=(${described}); files=${files ? 1 : 0} ;;`;
  });
  return `#compdef witan
_witan() {
  local word found="" files=0
  local -a words_here
  for word in \${words[2,CURRENT-1]}; do
    case "$found $word" in
${paths(entries)
  .map((path) => `      "${path.includes(' ') ? path : ` ${path}`}") found="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$found" in
${cases.join('\n')}
  esac
  _describe witan words_here
  if [ "$files" = 1 ]; then _files; fi
}
if [ "$funcstack[1]" = _witan ]; then _witan "$@"; else compdef _witan witan; fi
`;
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, words, files }) => {
    const condition = `__witan_at ${quote(path)}`;
    return [
      ...words.map(({ word, help }) => {
        const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
        return `complete -c witan -n ${quote(condition)} ${what} -d ${quote(help)}`;
      }),
      ...(files ? [`complete -c witan -n ${quote(condition)} -F`] : []),
    ];
  });
  return `# fish completion of witan
function __witan_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l found ''
  for word in $words
    switch "$found $word"
${paths(entries)
  .map((path) => `      case '${path.includes(' ') ? path : ` ${path}`}'\n        set found '${path}'`)
  .join('\n')}
    end
  end
  test "$found" = "$argv[1]"
end
complete -c witan -f
${lines.join('\n')}
`;
}

function paths(entries: readonly Entry[]): string[] {
  return entries.map(({ path }) => path).filter((path) => path !== '');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
