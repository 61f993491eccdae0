# zsh offered.zsh FOLDER LINE...: types each line and a tab into an interactive zsh that has FOLDER, where _infer lies, in
# $fpath; prints the line, and then what zsh offered, a line each.
zmodload zsh/zpty
setup=$(mktemp) offered=$(mktemp)
trap 'rm -f $setup $offered' EXIT
cat >$setup <<EOF
fpath=(${(q)1} \$fpath)
autoload -Uz compinit
compinit -D -u
# All that is offered goes through compadd; with -O, -A or -D it only fills arrays for its caller.
compadd() {
  if ((\${argv[(I)-[OAD]*]})); then
    builtin compadd "\$@"
  else
    local -a matches
    builtin compadd -O matches "\$@"
    ((\$#matches)) && print -rl -- \${(Q)matches} >>$offered
    builtin compadd "\$@"
  fi
}
EOF
shift
zpty shell zsh -f -i

# Waits until the shell has done all that was typed. Its echo must not be what is waited for, so the word is quoted there.
finish() {
  ((++turn))
  zpty -w shell "print do''ne-$turn-"
  zpty -r shell output "*done-$turn-*"
}

zpty -w shell "source $setup"
finish
for line; do
  : >$offered
  # Then the line is made an argument of `:`, so that it is not run.
  zpty -w -n shell "$line"$'\t\C-A: \C-E;'
  finish
  print -r -- $line
  sort -u $offered
  print
done
zpty -d shell
