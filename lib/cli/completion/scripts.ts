/** Shells for which there is a script. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The first argument by which a script asks what a word may become; the words follow. */
export const askArgument = '__complete';

/** What each shell reads; it asks `etl` at each key, so that pipelines are those of the folder. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# etl completion bash: put this line into ~/.bashrc:  eval "$(etl completion bash)"
_etl() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${askArgument} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _etl etl dsql-etl
`,
  zsh: `#compdef etl dsql-etl
# etl completion zsh: put this line into ~/.zshrc, behind compinit:  eval "$(etl completion zsh)"
_etl() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${askArgument} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
(( $+functions[compdef] )) && compdef _etl etl dsql-etl
`,
  fish: `# etl completion fish: etl completion fish > ~/.config/fish/completions/etl.fish
complete -c etl -a '(set -l words (commandline -opc); $words[1] ${askArgument} $words[2..-1] (commandline -ct | string collect -a) 2>/dev/null)'
complete -c dsql-etl -w etl
`,
};
