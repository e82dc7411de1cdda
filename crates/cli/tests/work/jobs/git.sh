# Looking at a repository, whose index git cannot refresh inside.
# needs: git
# repository
echo more >>file && echo new >other
git status --short
git status >/dev/null
git diff | sed 1,2d
git diff --stat --cached
git log --format='%h %an %s' -p | cat
git show --stat HEAD | tail -1
git blame -s file | cat
git branch --list
git grep -c line
git rev-parse --show-prefix --is-inside-work-tree
git archive HEAD | tar tf -
git -C "$PWD" diff --exit-code >/dev/null || echo "differs: $?"
